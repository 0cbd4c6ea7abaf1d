import type { LayerTensor, RunSummary } from "../core/run";
import type { StoredPrecision } from "./standalone";
import type { InspectorSelection, ViewSettings } from "./viewContract";

/** What a page takes along. The lengths of values, a few numbers for each key, always come. */
export interface PageExportQuery {
  readonly runId: string;
  readonly what: readonly LayerTensor[];
  readonly selection?: InspectorSelection;
  readonly settings?: ViewSettings;
  /** Which part of the text, from 0; asked for in order. */
  readonly part: number;
}

/** A part of the page's data as UTF-8, at most 1 MB. */
export interface PageExportPart {
  readonly bytes: Uint8Array;
  readonly nParts: number;
}

export const PAGE_WEIGHTS: readonly LayerTensor[] = ["weights"];
/** What follows the heads through W_O into the residual stream. */
const BEHIND_HEADS = [
  "concat",
  "projection",
  "projectionBias",
  "projected",
  "before",
  "after",
] as const satisfies readonly LayerTensor[];
/** What there is of the heads alone. */
export const PAGE_OF_HEADS = [
  "weights",
  "scores",
  "q",
  "k",
  "v",
  "output",
] as const satisfies readonly LayerTensor[];
/** What the views of steps and masks read. */
export const PAGE_EVERYTHING: readonly LayerTensor[] = [
  ...PAGE_OF_HEADS,
  ...BEHIND_HEADS,
  ...(["additiveQuery", "additiveKey", "additiveVector"] as const),
];

/** Above this many bytes of float32 the page carries float16: half the size, 3 significant digits. */
const EXACT_BYTES = 32e6;
/** Browsers read a page of this size within seconds, editors still open it. */
export const MOST_PAGE_BYTES = 64e6;
/** The page itself, measured: script and style. */
const OWN_BYTES = 0.7e6;
/** What a written token and its alternatives take, and what a layer's five guesses at a position do; measured. */
const PREDICTION_BYTES = 1000;
const LENS_CELL_BYTES = 300;
/** Positions of a run that the lens is carried for, times layers: 3 MB of the page. */
const MOST_LENS_CELLS = 10_000;

/** How many positions, counted from the last, a page carries the logit lens for. */
export function lensPositions({ tokens, targetTokens, blocks }: RunSummary): number {
  const nTokens = (targetTokens ?? tokens).length;
  const nLayers = Math.max(0, ...blocks.map(({ layers }) => layers.length));
  return Math.min(nTokens, Math.floor(MOST_LENS_CELLS / (nLayers + 1)));
}

/** Numbers of a head's vectors where the graph does not tell. */
const USUAL_HEAD = 64;

/** Bytes of the file and how its numbers are stored, before anything is made. */
export function pageSize(
  run: RunSummary,
  what: readonly LayerTensor[],
): { bytes: number; precision: StoredPrecision } {
  let nNumbers = 0;
  for (const { layers } of run.blocks) {
    for (const { nHeads, nQueries, nKeys, dHead = USUAL_HEAD, has, projection } of layers) {
      if (what.includes("weights") && has.includes("weights")) nNumbers += nHeads * nQueries * nKeys;
      if (what.includes("scores") && has.includes("scores")) nNumbers += nHeads * nQueries * nKeys;
      for (const vector of ["q", "k", "v", "output"] as const) {
        if (what.includes(vector) && has.includes(vector)) nNumbers += nHeads * nKeys * dHead;
      }
      const width = nHeads * dHead;
      for (const part of BEHIND_HEADS) {
        if (!what.includes(part) || !projection?.has.includes(part)) continue;
        if (part === "projection") nNumbers += width * width;
        else if (part !== "projectionBias") nNumbers += nQueries * width;
      }
    }
  }
  const precision = nNumbers * 4 > EXACT_BYTES ? "float16" : "float32";
  const nLayers = Math.max(0, ...run.blocks.map(({ layers }) => layers.length));
  const written = run.hasPredictions
    ? (run.targetTokens ?? run.tokens).length * PREDICTION_BYTES +
      lensPositions(run) * (nLayers + 1) * LENS_CELL_BYTES
    : 0;
  // Base64 makes four characters of three bytes.
  const numbers = (nNumbers * (precision === "float16" ? 2 : 4) * 4) / 3;
  return { bytes: OWN_BYTES + written + numbers, precision };
}
