import { computed, type ReadonlySignal } from "@preact/signals-core";
import { hiddenThumbnailCodes, linearCodes } from "../../../src/paint/thumbnail";
import { blockRule, computedRule } from "../../../src/core/maskRule";
import { hiddenCodes } from "../../../src/paint/visibility";
import type { Cells } from "../../../src/paint/heatmap";
import type { Thumbnails } from "../../../src/protocol/slices";
import {
  isPerLayer,
  measureMask,
  perHeadMeasure,
  type ShownMeasure,
} from "../../../src/core/measures/measure";
import type { BlockOfRun, LayerOfRun } from "../../../src/core/run";
import { load, type Loaded } from "../../state/load";
import type { Inspector } from "../../state/inspector";

/** The bytes of all thumbnails of a block stay below this. */
const mostBytes = 1_000_000;
/** Edges come in steps of so many pixels, so that a window that is resized a little asks for nothing. */
const edgeStep = 16;

export interface OverviewData {
  readonly thumbnails: ReadonlySignal<Loaded<Thumbnails>>;
  /** What the thumbnails show. */
  readonly measure: ReadonlySignal<Exclude<ShownMeasure, "scores">>;
  /** The mean over the heads of each layer, in the order of the layers. */
  readonly means: ReadonlySignal<readonly Uint8Array[] | undefined>;
  /** Ready to paint; nothing where it has not come yet. What joins a layer's heads is its "mean". */
  cellsOf(layer: number, head: number | "mean"): Cells | undefined;
  stop(): void;
}

/**
 * `cellPixels`: the longer side of a thumbnail on the screen, where nothing finer is needed. `ofHeads`: always a
 * thumbnail for each head, by weights where the chosen measure joins them.
 */
export function loadOverview(
  { host, run, block, arrangement, selection }: Inspector,
  { cellPixels, ofHeads = false }: { cellPixels?: ReadonlySignal<number>; ofHeads?: boolean } = {},
): OverviewData {
  // Scores have no common scale: their heads are shown by their weights.
  const measure = computed(() => {
    const chosen = selection.value.measure;
    return ofHeads || chosen === "scores" ? perHeadMeasure(chosen) : chosen;
  });
  const edge = computed(() => {
    const nHeads = block.value?.layers.reduce((sum, layer) => sum + layer.nHeads, 0) ?? 1;
    const affordable = Math.floor(Math.sqrt(mostBytes / Math.max(1, nHeads)));
    const visible = cellPixels ? Math.ceil(cellPixels.value / edgeStep) * edgeStep : Infinity;
    return Math.max(24, Math.min(128, affordable, visible));
  });
  const thumbnails = load(() => {
    const runId = run.value?.runId;
    if (!runId || !block.value) return undefined;
    const query = { runId, block: block.value.kind, size: edge.value, measure: measure.value };
    return { key: JSON.stringify(query), ask: (signal) => host.remote.thumbnails(query, { signal }) };
  });
  const means = load(() => {
    const runId = run.value?.runId;
    const { value: shown } = block;
    if (!runId || !shown || isPerLayer(measure.value)) return undefined;
    const query = {
      runId,
      block: shown.kind,
      size: edge.value,
      of: "means" as const,
      measure: measure.value,
    };
    return {
      key: JSON.stringify(query),
      ask: async (signal) => {
        const { layers, rows, columns, data } = await host.remote.thumbnails(query, { signal });
        const size = rows * columns;
        const bytesOf = (at: number) => data.subarray(at * size, (at + 1) * size);
        return layers.map(({ layer }, at) => ({ layer, rows, columns, bytes: bytesOf(at) }));
      },
    };
  });

  /** What hides the cells of a layer's thumbnails; kept while the run, its windows and the measure stay. */
  const hidden = computed(() => {
    const windows = run.value?.windows;
    const isComputed = windows && computedRule(windows);
    const { value: shown } = measure;
    const known = new Map<string, Uint16Array>();
    return ({ mask, nQueries, nKeys }: LayerOfRun, rows: number, columns: number) => {
      const ofMeasure = measureMask(mask, shown);
      const key = JSON.stringify([ofMeasure, nQueries, nKeys, rows, columns]);
      const rule = blockRule(ofMeasure);
      const found =
        known.get(key) ??
        (rule
          ? hiddenCodes(rule, isComputed, nQueries, nKeys, rows, columns)
          : new Uint16Array(rows * columns));
      known.set(key, found);
      return found;
    };
  });

  const cellsOf = (layer: LayerOfRun, rows: number, columns: number, bytes: Uint8Array): Cells => {
    const { squareRoot } = arrangement.value;
    const codes = hiddenThumbnailCodes(
      squareRoot ? bytes : linearCodes(bytes),
      hidden.value(layer, rows, columns),
    );
    return { rows, columns, codes };
  };

  const cells = computed(() => {
    const { value: shown } = block;
    const { value: bytes } = thumbnails.state.value;
    const made = new Map<string, Cells>();
    if (!shown || bytes?.block !== shown.kind) return made;
    const size = bytes.rows * bytes.columns;
    let start = 0;
    for (const { layer, nHeads } of bytes.layers) {
      const entry = layerOf(shown, layer);
      for (let head = 0; head < nHeads; head++, start += size) {
        if (!entry) continue;
        const own = bytes.data.subarray(start, start + size);
        const name = `${layer}.${isPerLayer(measure.value) ? "mean" : head}`;
        made.set(name, cellsOf(entry, bytes.rows, bytes.columns, own));
      }
    }
    return made;
  });

  /** Apart from the heads: what came is not made again when the means come. */
  const meanCells = computed(() => {
    const { value: shown } = block;
    const { key, value: ofMeans } = means.state.value;
    // Those of the run before, under this one's mask, would be a picture of neither.
    const isOfRun = key?.includes(JSON.stringify(run.value?.runId));
    const made = new Map<string, Cells>();
    for (const mean of (isOfRun && ofMeans) || []) {
      const entry = shown && layerOf(shown, mean.layer);
      if (entry) made.set(`${entry.layer}.mean`, cellsOf(entry, mean.rows, mean.columns, mean.bytes));
    }
    return made;
  });

  return {
    thumbnails: thumbnails.state,
    measure,
    means: computed(() => means.state.value.value?.map(({ bytes }) => bytes)),
    cellsOf: (layer, head) =>
      (head === "mean" ? meanCells.value.get(`${layer}.mean`) : undefined) ??
      cells.value.get(`${layer}.${head}`),
    stop() {
      thumbnails.stop();
      means.stop();
    },
  };
}

function layerOf(block: BlockOfRun, layer: number): LayerOfRun | undefined {
  return block.layers.find((entry) => entry.layer === layer);
}
