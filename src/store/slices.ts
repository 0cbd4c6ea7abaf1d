import { badChoice } from "../core/errors";
import { meanRow } from "../core/groupMatrix";
import { marginalsOf, type Marginals } from "../core/marginals";
import { blockCount, maxPool, maxPoolBlocks, toBytes, type Window } from "../core/pooling";
import type { BlockKind, HeadAddress, HeadVectors, RunSummary } from "../core/run";
import { tokensOf } from "../core/run";
import { earlierOccurrences, statisticsOf } from "../core/statistics";
import type { Tensor } from "../core/tensor";
import { textRelations } from "../core/textRelations";
import type {
  HeadStatistics,
  MarginalsQuery,
  MaskSlice,
  MatrixQuery,
  MatrixSlice,
  MeanRowQuery,
  ThumbnailQuery,
  Thumbnails,
  VectorQuery,
} from "../protocol/slices";
import { headOf, layerOf, layersOf, matrixOf, tensorOf, vectorOf } from "./heads";
import { visibleKeys } from "./layerMask";
import { pooledVisible, shownMatrix } from "./shownMatrix";
import type { StoredRun } from "./storedRun";

/** A window of a choice's matrix, max-pooled where it is larger than asked for; always an exact copy. */
export function matrixSlice(run: StoredRun, query: MatrixQuery): MatrixSlice {
  const shown = shownMatrix(run, query);
  const { nRows, nColumns, data } = shown;
  const window = checkedWindow(query.window, nRows, nColumns);
  const height = window.queryEnd - window.queryStart;
  const width = window.keyEnd - window.keyStart;
  const { tokensPerCell } = query;
  if (tokensPerCell !== undefined) {
    return {
      ...window,
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
  return meanRow(data, nKeys, queries, measure);
}

export function vectorSlices(run: StoredRun, query: VectorQuery): Float32Array[] {
  return query.choices.map((choice) => vectorOf(run, choice, query.measure, query.axis, query.index));
}

/** All heads of a block, each max-pooled to at most size x size bytes; layers without weights are left out. */
export function thumbnails(run: StoredRun, { block, size, of = "heads" }: ThumbnailQuery): Thumbnails {
  const layers = layersOf(run, block).filter(({ tensors }) => tensors.has("weights"));
  const shapes = layers.map(({ info }) => [info.nQueries, info.nKeys]);
  const rows = limited(Math.max(1, ...shapes.map(([nQueries]) => nQueries!)), size);
  const columns = limited(Math.max(1, ...shapes.map(([, nKeys]) => nKeys!)), size);
  const matricesOf = ({ info }: (typeof layers)[number]) => (of === "means" ? 1 : info.nHeads);
  const nMatrices = layers.reduce((sum, layer) => sum + matricesOf(layer), 0);
  const data = new Uint8Array(nMatrices * rows * columns);
  let at = 0;
  for (const layer of layers) {
    const { nQueries, nKeys } = layer.info;
    const whole = { queryStart: 0, queryEnd: nQueries, keyStart: 0, keyEnd: nKeys };
    for (let index = 0; index < matricesOf(layer); index++, at += rows * columns) {
      const head = of === "means" ? "mean" : index;
      const { data: weights } = matrixOf(run, { block, layer: layer.info.layer, head }, "weights");
      toBytes(maxPool(weights, nKeys, whole, rows, columns), data.subarray(at, at + rows * columns));
    }
  }
  return {
    block,
    layers: layers.map(({ info }) => ({ layer: info.layer, nHeads: info.nHeads })),
    rows,
    columns,
    data,
  };
}

/** Statistics of every head of a block, computed once. Definitions in core/statistics.ts. */
export function statistics(run: StoredRun, block: BlockKind): HeadStatistics[] {
  const known = run.statistics.get(block);
  if (known) return known;
  const tokens = isSelfAttention(run.summary, block)
    ? tokensOf(run.summary, queriesOf(run.summary, block))
    : undefined;
  const earlier = tokens && earlierOccurrences(tokens.map(({ id }) => id));
  const text = tokens && textRelations(tokens);
  const computed = layersOf(run, block)
    .filter(({ tensors }) => tensors.has("weights"))
    .flatMap((layer) => {
      const weights = tensorOf(layer, "weights");
      const { nHeads, nQueries, nKeys } = layer.info;
      return Array.from({ length: nHeads }, (_, head) => ({
        address: { block, layer: layer.info.layer, head },
        values: statisticsOf(
          { dims: [nQueries, nKeys], data: headOf(weights, head) },
          earlier,
          text,
        ) as Record<string, number>,
      }));
    });
  run.statistics.set(block, computed);
  return computed;
}

export function maskSlice(run: StoredRun, block: BlockKind, layer: number): MaskSlice {
  const stored = layerOf(run, block, layer);
  const { nQueries, nKeys } = stored.info;
  return { nQueries, nKeys, visible: visibleKeys(tensorOf(stored, "weights"), stored.info.mask) };
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
