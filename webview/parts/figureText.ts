import { isPerLayer, type ShownMeasure } from "../../src/core/measures/measure";
import type { HeadChoice, RunSummary } from "../../src/core/run";
import { showWhiteSpace } from "../../src/paint/tokenText";

/** "Layer 3, head 1", with the block where there are several; "Layer 3, rollout" for what joins a layer's heads. */
export function choiceTitle(
  { block, layer, head }: HeadChoice,
  nBlocks: number,
  measure: ShownMeasure = "weights",
): string {
  const where = layer === "all" ? "All layers" : `Layer ${layer}`;
  const which = isPerLayer(measure)
    ? measure
    : typeof head === "number"
      ? `head ${head}`
      : `${head === "mean" ? "mean" : "maximum"} of heads`;
  return nBlocks > 1 ? `${where}, ${which} (${block})` : `${where}, ${which}`;
}

/** Model, number of tokens and the beginning of the text. */
export function figureSubtitle(run: RunSummary): string {
  const nTokens = run.tokens.length + (run.targetTokens?.length ?? 0);
  const text = showWhiteSpace(run.text.trim()).replaceAll("·", " ");
  const excerpt = text.length > 72 ? `${text.slice(0, 72)}…` : text;
  return [run.model.name, `${nTokens} tokens`, excerpt].filter(Boolean).join("  ·  ");
}
