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
/** What the views of steps and masks read. */
export const PAGE_EVERYTHING: readonly LayerTensor[] = ["weights", "scores", "q", "k", "v", "output"];

/** Above this many bytes of float32 the page carries float16: half the size, 3 significant digits. */
const EXACT_BYTES = 32e6;
/** Browsers read a page of this size within seconds, editors still open it. */
export const MOST_PAGE_BYTES = 64e6;
/** The page itself, measured: script and style. */
const OWN_BYTES = 0.7e6;

/** Bytes of the file and how its numbers are stored, before anything is made. */
export function pageSize(
  run: RunSummary,
  what: readonly LayerTensor[],
): { bytes: number; precision: StoredPrecision } {
  let nNumbers = 0;
  for (const { layers } of run.blocks) {
    for (const { nHeads, nQueries, nKeys, has } of layers) {
      // Vectors are counted as 64 numbers a head and token, about as long as heads are.
      if (what.includes("weights") && has.includes("weights")) nNumbers += nHeads * nQueries * nKeys;
      if (what.includes("scores") && has.includes("scores")) nNumbers += nHeads * nQueries * nKeys;
      for (const vector of ["q", "k", "v", "output"] as const) {
        if (what.includes(vector) && has.includes(vector)) nNumbers += nHeads * nKeys * 64;
      }
    }
  }
  const precision = nNumbers * 4 > EXACT_BYTES ? "float16" : "float32";
  // Base64 makes four characters of three bytes.
  return { bytes: OWN_BYTES + (nNumbers * (precision === "float16" ? 2 : 4) * 4) / 3, precision };
}
