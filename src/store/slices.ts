import { badChoice } from "../core/errors";
import { groupingOf, meanRow } from "../core/groupMatrix";
import { marginalsOf, type Marginals } from "../core/marginals";
import { blockCount, maxPool, maxPoolBlocks, toBytes, type Window } from "../core/pooling";
import { isLengthWeighted, isPerLayer, type ShownMeasure } from "../core/measures/measure";
import { normaliseRows } from "../core/measures/normWeighted";
import type { BlockKind, HeadAddress, HeadVectors, RunSummary } from "../core/run";
import { tokensOf } from "../core/run";
import { earlierOccurrences, statisticsOf } from "../core/statistics";
import type { Tensor } from "../core/tensor";
import { textRelations, type TextRelations } from "../core/textRelations";
import type {
  HeadStatistics,
  MarginalsQuery,
  MaskQuery,
  MaskSlice,
  MatrixQuery,
  MatrixSlice,
  MeanRowQuery,
  StatisticsQuery,
  ThumbnailQuery,
  Thumbnails,
  VectorQuery,
} from "../protocol/slices";
import { headMatrix, headOf, holds, layerOf, layersOf, matrixOf, tensorOf, vectorOf } from "./heads";
import { visibleKeys } from "./layerMask";
import { pooledVisible, shownMatrix } from "./shownMatrix";
import { isHeadwise } from "./headwise";
import { mixedOf, mixKey } from "./mixed";
import type { StoredLayer, StoredRun } from "./storedRun";

/** A window of a choice's matrix, max-pooled where it is larger than asked for; always an exact copy. */
export function matrixSlice(run: StoredRun, query: MatrixQuery): MatrixSlice {
  const shown = shownMatrix(run, query);
  const { nRows, nColumns, data } = shown;
  const window = checkedWindow(query.window, nRows, nColumns);
  const height = window.queryEnd - window.queryStart;
  const width = window.keyEnd - window.keyStart;
  const { tokensPerCell } = query;
  const largest =
    query.measure === "scores" ? {} : { largest: largestOf(run, query.choice.block, query.measure) };
  if (tokensPerCell !== undefined) {
    return {
      ...window,
      ...largest,
      rows: blockCount(height, tokensPerCell),
      columns: blockCount(width, tokensPerCell),
      data: maxPoolBlocks(data, nColumns, window, tokensPerCell),
      ...(query.withVisibility && { visible: pooledVisible(run, query, shown, window, tokensPerCell) }),
    };
  }
  const rows = limited(height, query.maxRows);
  const columns = limited(width, query.maxColumns);
  const isWhole = rows === nRows && columns === nColumns;
  return {
    ...window,
    ...largest,
    rows,
    columns,
    data: isWhole ? data.slice() : maxPool(data, nColumns, window, rows, columns),
  };
}

/** Kept for the choices that were last asked for: summing 4,096 x 4,096 cells takes longer than a frame. */
const knownMarginals = new WeakMap<StoredRun, Map<string, Marginals>>();
const KEPT_MARGINALS = 8;

export function marginalSlice(run: StoredRun, query: MarginalsQuery): Marginals {
  const kept = knownMarginals.get(run) ?? new Map<string, Marginals>();
  knownMarginals.set(run, kept);
  const key = JSON.stringify(query);
  const shown = kept.has(key) ? undefined : shownMatrix(run, query);
  const found = kept.get(key) ?? marginalsOf(shown!.data, shown!.nRows, shown!.nColumns);
  kept.delete(key);
  kept.set(key, found);
  for (const old of [...kept.keys()].slice(0, -KEPT_MARGINALS)) kept.delete(old);
  return found;
}

export function meanRowSlice(run: StoredRun, { choice, measure, queries }: MeanRowQuery): Float32Array {
  const { dims, data } = matrixOf(run, choice, measure);
  const [nQueries = 0, nKeys = 0] = dims;
  const wrong = queries.find((query) => !(Number.isInteger(query) && query >= 0 && query < nQueries));
  if (wrong !== undefined || queries.length === 0)
    throw badChoice(`there is no query ${wrong ?? ""} among ${nQueries}`);
  return meanRow(data, nKeys, queries, groupingOf(measure));
}

/** The largest value of a measure in any head of a block, so that one colour can be one value in all of them. */
export function largestOf(run: StoredRun, block: BlockKind, measure: ShownMeasure): number {
  if (!isLengthWeighted(measure)) return 1;
  const key = `${measure} ${block}`;
  let largest = run.largest.get(key);
  if (largest === undefined) {
    largest = 0;
    for (const layer of layersOf(run, block)) {
      if (!holds(run, layer, measure)) continue;
      const isWhole = !isHeadwise(tensorOf(layer, "weights"));
      // Of a run that does not keep all its weights the longest is known, which no weight exceeds.
      const { data: lengths } = run.lengths.get(mixKey(measure, block, layer.info.layer))!;
      for (let head = 0; head < (isWhole ? layer.info.nHeads : 1); head++) {
        const values = isWhole ? headMatrix(run, layer, head, measure) : lengths;
        for (const value of values) if (value > largest) largest = value;
      }
    }
    run.largest.set(key, largest);
  }
  return largest;
}

export function vectorSlices(run: StoredRun, query: VectorQuery): Float32Array[] {
  return query.choices.map((choice) => vectorOf(run, choice, query.measure, query.axis, query.index));
}

/** All heads of a block, each max-pooled to at most size x size bytes; layers without the measure are left out. */
export function thumbnails(run: StoredRun, query: ThumbnailQuery): Thumbnails {
  const { block, size, measure = "weights", of = "heads" } = query;
  const joined = isPerLayer(measure);
  const layers = layersOf(run, block).filter((layer) =>
    joined ? layer.tensors.has("weights") : holds(run, layer, measure),
  );
  const shown = layers.map(({ info }) => ({
    layer: info.layer,
    nHeads: joined || of === "means" ? 1 : info.nHeads,
  }));
  const shapes = layers.map(({ info }) => [info.nQueries, info.nKeys]);
  const rows = limited(Math.max(1, ...shapes.map(([nQueries]) => nQueries!)), size);
  const columns = limited(Math.max(1, ...shapes.map(([, nKeys]) => nKeys!)), size);
  const data = new Uint8Array(shown.reduce((sum, { nHeads }) => sum + nHeads, 0) * rows * columns);
  const largest = largestOf(run, block, measure);
  let at = 0;
  layers.forEach((layer, index) => {
    const { nQueries, nKeys } = layer.info;
    const whole = { queryStart: 0, queryEnd: nQueries, keyStart: 0, keyEnd: nKeys };
    for (let head = 0; head < shown[index]!.nHeads; head++, at += rows * columns) {
      const cells = joined
        ? mixedOf(run, measure, block, layer.info.layer).data
        : of === "means"
          ? matrixOf(run, { block, layer: layer.info.layer, head: "mean" }, measure).data
          : headMatrix(run, layer, head, measure);
      const pooled = maxPool(cells, nKeys, whole, rows, columns);
      if (largest !== 1 && largest > 0) for (let i = 0; i < pooled.length; i++) pooled[i]! /= largest;
      toBytes(pooled, data.subarray(at, at + rows * columns));
    }
  });
  return { block, layers: shown, rows, columns, data, largest };
}

/** Where a run keeps the statistics of a block. */
export function statisticsKey(block: BlockKind, measure: string): string {
  return `${block} ${measure}`;
}

/** Statistics of every head of a block, computed once for each measure. Definitions in core/statistics.ts. */
export function statistics(run: StoredRun, query: Omit<StatisticsQuery, "runId">): HeadStatistics[] {
  const { block, measure = "weights" } = query;
  const key = statisticsKey(block, measure);
  const known = run.statistics.get(key);
  if (known) return known;
  const tokens = isSelfAttention(run.summary, block)
    ? tokensOf(run.summary, queriesOf(run.summary, block))
    : undefined;
  const earlier = tokens && earlierOccurrences(tokens.map(({ id }) => id));
  const text = tokens && textRelations(tokens);
  const uniformOf = uniformStatistics(earlier, text);
  const computed = layersOf(run, block)
    .filter((layer) => holds(run, layer, measure))
    .flatMap((layer) => {
      const { nHeads, nQueries, nKeys } = layer.info;
      const uniform = measure === "weights" ? uniformOf(layer) : undefined;
      return Array.from({ length: nHeads }, (_, head) => {
        const cells = { dims: [nQueries, nKeys], data: headMatrix(run, layer, head, measure) };
        const shares = measure === "weights" ? cells : normaliseRows(cells);
        return {
          address: { block, layer: layer.info.layer, head },
          values: statisticsOf(shares, earlier, text) as Record<string, number>,
          ...(uniform && { uniform }),
        };
      });
    });
  run.statistics.set(key, computed);
  return computed;
}

/** Statistics of a head that looks at all keys alike, once for all layers of one shape and a mask that says all. */
function uniformStatistics(earlier: Int32Array | undefined, text: TextRelations | undefined) {
  const known = new Map<string, Record<string, number>>();
  return (layer: StoredLayer): Record<string, number> => {
    const { mask, nQueries, nKeys } = layer.info;
    const isWhole = mask.kind === "causal" || mask.kind === "none";
    const key = [isWhole ? mask.kind : layer.info.layer, nQueries, nKeys].join(" ");
    const found = known.get(key);
    if (found) return found;
    const visible = visibleKeys(tensorOf(layer, "weights"), mask);
    const made = statisticsOf(uniformWeights(visible, nQueries, nKeys), earlier, text) as Record<
      string,
      number
    >;
    known.set(key, made);
    return made;
  };
}

/** 1 / n for each of the n keys that a query may see. */
function uniformWeights(visible: Uint8Array, nQueries: number, nKeys: number): Tensor {
  const data = new Float32Array(nQueries * nKeys);
  for (let query = 0; query < nQueries; query++) {
    const row = visible.subarray(query * nKeys, (query + 1) * nKeys);
    let nVisible = 0;
    for (let key = 0; key < nKeys; key++) nVisible += row[key]!;
    for (let key = 0; key < nKeys; key++) if (row[key]) data[query * nKeys + key] = 1 / nVisible;
  }
  return { dims: [nQueries, nKeys], data };
}

/** Of the queries asked for; a range that ends past the last query is cut there. */
export function maskSlice(run: StoredRun, { block, layer, ...range }: Omit<MaskQuery, "runId">): MaskSlice {
  const stored = layerOf(run, block, layer);
  const { nQueries, nKeys, mask } = stored.info;
  const queryEnd = Math.min(range.queryEnd ?? nQueries, nQueries);
  const queryStart = Math.min(range.queryStart ?? 0, queryEnd);
  const visible = visibleKeys(tensorOf(stored, "weights"), mask, { queryStart, queryEnd });
  return { queryStart, queryEnd, nKeys, visible };
}

/** q, k, v or output of a query head; where heads share keys, k and v are those of the key head that serves it. */
export function headVectorSlice(run: StoredRun, address: HeadAddress, which: HeadVectors): Tensor {
  const layer = layerOf(run, address.block, address.layer);
  const tensor = tensorOf(layer, which);
  const [nGiven = 0, positions = 0, dHead = 0] = tensor.dims;
  const { nHeads } = layer.info;
  if (!(address.head >= 0 && address.head < nHeads)) throw badChoice(`the layer has no head ${address.head}`);
  const head = Math.floor((address.head * nGiven) / nHeads);
  return { dims: [positions, dHead], data: headOf(tensor, head).slice() };
}

function isSelfAttention(summary: RunSummary, block: BlockKind): boolean {
  const found = summary.blocks.find(({ kind }) => kind === block);
  return found !== undefined && found.queries === found.keys;
}

function queriesOf(summary: RunSummary, block: BlockKind): "source" | "target" {
  return summary.blocks.find(({ kind }) => kind === block)?.queries ?? "source";
}

function checkedWindow(window: Window | undefined, nQueries: number, nKeys: number): Window {
  if (!window) return { queryStart: 0, queryEnd: nQueries, keyStart: 0, keyEnd: nKeys };
  const { queryStart, queryEnd, keyStart, keyEnd } = window;
  const inside = (start: number, end: number, limit: number) =>
    Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= limit;
  if (!inside(queryStart, queryEnd, nQueries) || !inside(keyStart, keyEnd, nKeys)) {
    throw badChoice(
      `the window ${queryStart}..${queryEnd} x ${keyStart}..${keyEnd} is not inside ${nQueries} x ${nKeys}`,
    );
  }
  return { queryStart, queryEnd, keyStart, keyEnd };
}

function limited(length: number, most: number | undefined): number {
  return Math.min(length, Math.max(1, Math.floor(most ?? length)));
}
