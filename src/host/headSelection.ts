import { fitMeasure, isPerLayer, type ShownMeasure } from "../core/measures/measure";
import { findBlock, firstBlock, type BlockOfRun, type HeadChoice, type RunSummary } from "../core/run";
import type { InspectorSelection } from "../protocol/viewContract";

/** What a new run shows when nothing was chosen before. */
export function firstSelection(run: RunSummary): InspectorSelection {
  const block = firstBlock(run);
  return {
    view: "heads",
    choice: { block: block?.kind ?? "decoder", layer: block?.layers[0]?.layer ?? 0, head: 0 },
    measure: "weights",
  };
}

/** The selection as far as the run has it: a block, layer, head or query that is not there gives way to the nearest that is. */
export function fitSelection(run: RunSummary, selection: InspectorSelection): InspectorSelection {
  const block = findBlock(run, selection.choice.block);
  if (!block) return { ...firstSelection(run), view: selection.view };
  const { query, ...rest } = selection;
  const choice = fitChoice(block, selection.choice);
  const nQueries = Math.max(0, ...block.layers.map((layer) => layer.nQueries));
  const measure = fitMeasure(block, choice.layer, selection.measure);
  return { ...rest, choice, measure, ...(query !== undefined && query < nQueries && { query }) };
}

/** The head `step` further on (-1: before), in the layer; from a mean or maximum, to its first head. */
export function stepHead(run: RunSummary, choice: HeadChoice, step: 1 | -1): HeadChoice {
  const layer = layersOf(run, choice).find((each) => each.layer === choice.layer);
  if (!layer || choice.layer === "all") return { ...choice, ...firstOf(run, choice) };
  if (typeof choice.head !== "number") return { ...choice, head: 0 };
  return { ...choice, head: (choice.head + step + layer.nHeads) % layer.nHeads };
}

/** The same head, `step` layers further on. */
export function stepLayer(run: RunSummary, choice: HeadChoice, step: 1 | -1): HeadChoice {
  const layers = layersOf(run, choice);
  const at = layers.findIndex((each) => each.layer === choice.layer);
  const next = layers[(at + step + layers.length) % layers.length];
  if (at < 0 || !next) return { ...choice, ...firstOf(run, choice) };
  const head = typeof choice.head === "number" ? Math.min(choice.head, next.nHeads - 1) : choice.head;
  return { ...choice, layer: next.layer, head };
}

/** "L3 H1", "L3 mean", "all layers mean"; "L3 rollout", where all heads of a layer are joined. */
export function choiceName(choice: HeadChoice, measure: ShownMeasure = "weights"): string {
  const layer = choice.layer === "all" ? "all layers" : `L${choice.layer}`;
  if (isPerLayer(measure)) return `${layer} ${measure}`;
  return `${layer} ${typeof choice.head === "number" ? `H${choice.head}` : choice.head}`;
}

function fitChoice(block: BlockOfRun, choice: HeadChoice): HeadChoice {
  if (choice.layer === "all") {
    return typeof choice.head === "number" ? { ...choice, head: "mean" } : choice;
  }
  const wanted = choice.layer;
  const last = block.layers.at(-1);
  const layer = block.layers.find((each) => each.layer === wanted) ?? last;
  if (!layer) return choice;
  const head = typeof choice.head === "number" ? Math.min(choice.head, layer.nHeads - 1) : choice.head;
  return { ...choice, layer: layer.layer, head };
}

function firstOf(run: RunSummary, choice: HeadChoice): Partial<HeadChoice> {
  return { layer: layersOf(run, choice)[0]?.layer ?? 0, head: 0 };
}

/** Layers whose weights can be shown. */
function layersOf(run: RunSummary, choice: HeadChoice) {
  return (findBlock(run, choice.block)?.layers ?? []).filter((layer) => layer.has.includes("weights"));
}
