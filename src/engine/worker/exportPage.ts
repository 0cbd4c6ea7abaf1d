import { isCancelled, toReport } from "../../core/errors";
import { measureLack } from "../../core/measures/measure";
import {
  findBlock,
  type HeadChoice,
  type HeadVectors,
  type LayerTensor,
  type Measure,
  type RunSummary,
} from "../../core/run";
import { isAdditivePart, isProjectionPart } from "../../onnx/instrumented";
import type { LensQuery, LogitLens, TokenPrediction, TokenPredictionQuery } from "../../protocol/generation";
import {
  lensPositions,
  pageSize,
  type PageExportPart,
  type PageExportQuery,
} from "../../protocol/pageExport";
import type { ModelPositions } from "../../protocol/positions";
import type { Prediction } from "../../protocol/slices";
import {
  encodeStandalone,
  type StandaloneLengths,
  type StandaloneRun,
  type StandaloneTensor,
} from "../../protocol/standalone";
import { mixKey } from "../../store/mixed";
import type { StoredRun } from "../../store/storedRun";
import type { ReadyMeasure } from "./measures";
import type { RunReader } from "./runReader";

/** What pages need of the worker. */
interface Parts extends Pick<RunReader, "ready" | "withParts"> {
  readonly readyMeasure: ReadyMeasure;
  likely(run: StoredRun, position: number): Promise<Prediction[]>;
  tokenPredictions(query: TokenPredictionQuery): Promise<TokenPrediction[]>;
  logitLens(query: LensQuery, signal: AbortSignal): Promise<LogitLens>;
  positions(runId: string, signal: AbortSignal): Promise<ModelPositions>;
}

const PART_BYTES = 1e6;
/** As many as the views show. */
const LIKELY_WRITTEN = 5;

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
  parts: Parts,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { ready, readyMeasure, likely, positions } = parts;
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
  for (const one of what) if (isOfHeads(one)) await ready(runId, one, every, signal);
  await bringBehindHeads(runId, what, parts, signal);
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
  const generation = await generationOf(summary, parts, signal);
  const { scheme, parameters, source } = await positions(runId, signal);
  const content = {
    run: summary,
    tensors,
    lengths,
    predictions,
    ...(generation && { generation }),
    positions: { scheme, parameters, ...(source && { source }) },
    ...(selection && { selection }),
    ...(settings && { settings }),
  };
  return new TextEncoder().encode(encodeStandalone(content, pageSize(summary, what).precision));
}

function isOfHeads(what: LayerTensor): what is Measure | HeadVectors {
  return !isProjectionPart(what) && !isAdditivePart(what);
}

async function bringBehindHeads(
  runId: string,
  what: readonly LayerTensor[],
  { withParts }: Parts,
  signal: AbortSignal,
): Promise<void> {
  const wanted = (parts: readonly LayerTensor[] = []) => parts.filter((part) => what.includes(part));
  await withParts(runId, ({ projection }) => wanted(projection?.has), { depth: "projection" }, signal);
  await withParts(runId, ({ additive }) => wanted(additive), { depth: "all" }, signal);
}

/** Of a model that writes: what it made of each token, and what its layers would have. */
async function generationOf(
  run: RunSummary,
  { tokenPredictions, logitLens }: Parts,
  signal: AbortSignal,
): Promise<StandaloneRun["generation"]> {
  const { runId, model, hasPredictions, targetTokens, tokens } = run;
  if (!hasPredictions || (model.kind !== "causal" && !targetTokens)) return undefined;
  const end = (targetTokens ?? tokens).length;
  const predictions = await tokenPredictions({ runId, start: 1, end: end + 1, count: LIKELY_WRITTEN });
  const start = end - lensPositions(run);
  try {
    return { predictions, lens: await logitLens({ runId, start, end, count: LIKELY_WRITTEN }, signal) };
  } catch (error) {
    if (isCancelled(error)) throw error;
    // What a lens lacks is no reason to write no page.
    const missing = toReport(error).message.replace(/\.$/, "");
    return { predictions, lens: { start, rows: [], missing } };
  }
}
