import { measureLack } from "../../core/measures/measure";
import { findBlock, type HeadChoice, type HeadVectors, type Measure } from "../../core/run";
import { pageSize, type PageExportPart, type PageExportQuery } from "../../protocol/pageExport";
import type { ModelPositions } from "../../protocol/positions";
import type { Prediction } from "../../protocol/slices";
import { encodeStandalone, type StandaloneLengths, type StandaloneTensor } from "../../protocol/standalone";
import { mixKey } from "../../store/mixed";
import type { StoredRun } from "../../store/storedRun";
import type { ReadyMeasure } from "./measures";
import type { Ready } from "./runReader";

/** What pages need of the worker. */
interface Parts {
  readonly ready: Ready;
  readonly readyMeasure: ReadyMeasure;
  likely(run: StoredRun, position: number): Promise<Prediction[]>;
  positions(runId: string, signal: AbortSignal): Promise<ModelPositions>;
}

const PART_BYTES = 1e6;

/** The data of a page, encoded once and handed out in parts; the last part lets go of it. */
export function pageExporter(parts: Parts) {
  let made: { readonly key: string; readonly bytes: Uint8Array } | undefined;
  return async (query: PageExportQuery, signal: AbortSignal): Promise<PageExportPart> => {
    const { part, ...of } = query;
    const key = JSON.stringify(of);
    if (made?.key !== key) made = { key, bytes: await dataOf(query, parts, signal) };
    const nParts = Math.max(1, Math.ceil(made.bytes.length / PART_BYTES));
    const bytes = made.bytes.slice(part * PART_BYTES, (part + 1) * PART_BYTES);
    if (part >= nParts - 1) made = undefined;
    return { bytes, nParts };
  };
}

async function dataOf(
  { runId, what, selection, settings }: PageExportQuery,
  { ready, readyMeasure, likely, positions }: Parts,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const run = await ready(runId, "weights", [], signal);
  const { summary } = run;
  const blocks = [...new Set(run.layers.map(({ block }) => block))];
  const every = blocks.map((block): HeadChoice => ({ block, layer: "all", head: "mean" }));
  // Lengths first: what their values took may go again before more is brought.
  for (const choice of every) {
    for (const measure of ["value-weighted", "norm-weighted"] as const) {
      const lacks = measureLack(findBlock(summary, choice.block)!, "all", measure);
      if (!lacks) await readyMeasure(runId, measure, [choice], signal);
    }
  }
  for (const one of what) await ready(runId, one as Measure | HeadVectors, every, signal);
  const tensors = run.layers.flatMap(({ block, info, tensors: held }) =>
    what.flatMap((one): StandaloneTensor[] => {
      const found = held.get(one);
      return found ? [{ block, layer: info.layer, what: one, dims: found.dims, data: found.data }] : [];
    }),
  );
  const lengths = run.layers.flatMap(({ block, info: { layer } }) =>
    (["value-weighted", "norm-weighted"] as const).flatMap((measure): StandaloneLengths[] => {
      const found = run.lengths.get(mixKey(measure, block, layer));
      return found ? [{ block, layer, measure, dims: found.dims, data: found.data }] : [];
    }),
  );
  const predictions: { position: number; likely: Prediction[] }[] = [];
  if (summary.hasPredictions) {
    const nPositions = (summary.targetTokens ?? summary.tokens).length;
    for (let position = 0; position < nPositions; position++) {
      predictions.push({ position, likely: await likely(run, position) });
    }
  }
  const { scheme, parameters, source } = await positions(runId, signal);
  const content = {
    run: summary,
    tensors,
    lengths,
    predictions,
    positions: { scheme, parameters, ...(source && { source }) },
    ...(selection && { selection }),
    ...(settings && { settings }),
  };
  return new TextEncoder().encode(encodeStandalone(content, pageSize(summary, what).precision));
}
