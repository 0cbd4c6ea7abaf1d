import { largestOf } from "./slices";
import { alignBySpans, alignByText, groupWeights, type AlignedGroup } from "../core/compare/alignment";
import {
  correlation,
  divergencePerQuery,
  largestDifferences,
  signedDifference,
  summariseDivergence,
} from "../core/compare/divergence";
import { isLengthWeighted } from "../core/measures/measure";
import { normaliseRows } from "../core/measures/normWeighted";
import { nearestHeads, rowSums, type HeadRows, type RowSums } from "../core/compare/similarHeads";
import { badChoice } from "../core/errors";
import { farthestPool, maxPool } from "../core/pooling";
import { findBlock, tokensOf, type HeadAddress, type HeadChoice, type RunSummary } from "../core/run";
import type { Tensor } from "../core/tensor";
import type { Token } from "../core/token";
import type {
  ComparedMeasure,
  ComparedSide,
  ComparedTokens,
  Comparison,
  HeadMeasure,
  SimilarHead,
} from "../protocol/comparison";
import { headMatrix, holds, layerOf, layersOf, matrixOf, tensorOf } from "./heads";
import { visibleKeys } from "./layerMask";
import type { StoredLayer, StoredRun } from "./storedRun";

/** One side of a comparison. */
export interface Compared {
  readonly run: StoredRun;
  readonly choice: HeadChoice;
}

/** How many of the largest differences are listed. */
const LISTED = 12;

/** What every comparison needs of a layer's heads; their weights are read anew, for they may be kept in another form. */
const known = new WeakMap<StoredLayer, RowSums[]>();

function* rowsOf(run: StoredRun, layers: readonly StoredLayer[], measure: HeadMeasure): Generator<HeadRows> {
  for (const layer of layers) {
    const { block, info } = layer;
    const kept = (measure === "weights" && known.get(layer)) || [];
    if (measure === "weights") known.set(layer, kept);
    for (let head = 0; head < info.nHeads; head++) {
      const data = headMatrix(run, layer, head, measure);
      const weights = { dims: [info.nQueries, info.nKeys], data };
      const sums = (kept[head] ??= rowSums(weights));
      yield { address: { block, layer: info.layer, head }, weights, ...sums };
    }
  }
}

/**
 * Heads of the same block and shape, nearest first; of weights times lengths each row's shares count.
 * test/bench/statistics.bench.ts measures it.
 */
export function similarHeads(
  run: StoredRun,
  address: HeadAddress,
  measure: HeadMeasure = "weights",
): SimilarHead[] {
  return likeHead(run, address, measure)(layersOf(run, address.block));
}

/** The same, of whichever layers are asked for: the head's own weights are read once, before. */
export function likeHead(
  run: StoredRun,
  address: HeadAddress,
  measure: HeadMeasure = "weights",
): (layers: readonly StoredLayer[]) => SimilarHead[] {
  const own = layerOf(run, address.block, address.layer);
  const isOwn = (other: HeadAddress) => other.layer === address.layer && other.head === address.head;
  const head = [...rowsOf(run, [own], measure)].find((each) => isOwn(each.address));
  if (!head) throw badChoice(`the layer has no head ${address.head}`);
  const isAlike = (layer: StoredLayer) =>
    holds(run, layer, measure) &&
    layer.info.nQueries === own.info.nQueries &&
    layer.info.nKeys === own.info.nKeys;
  return (layers) =>
    nearestHeads(head, rowsOf(run, layers.filter(isAlike), measure)).filter((each) => !isOwn(each.address));
}

/** A against B; where their tokens differ, aligned first. */
export function compareChoices(
  a: Compared,
  b: Compared,
  size: number,
  measure: ComparedMeasure = "weights",
): Comparison {
  const { alignment, queries, keys } = align(a, b);
  const weightsA = grouped(matrixOf(a.run, a.choice, measure), queries, keys, "a");
  const weightsB = grouped(matrixOf(b.run, b.choice, measure), queries, keys, "b");
  const visibleA = grouped(visibleTo(a), queries, keys, "a").data;
  const visibleB = grouped(visibleTo(b), queries, keys, "b").data;
  const difference = signedDifference(weightsA, weightsB);
  // Of weights times lengths each row's shares are compared.
  const isShares = !isLengthWeighted(measure);
  const divergence = isShares
    ? divergencePerQuery(weightsA, weightsB)
    : divergencePerQuery(normaliseRows(weightsA), normaliseRows(weightsB));
  // A query that one side lacks has nothing to differ from.
  const isPaired = queries.map((group) => group.aEnd > group.aStart && group.bEnd > group.bStart);
  isPaired.forEach((paired, i) => {
    if (paired) return;
    divergence[i] = NaN;
    difference.data.fill(0, i * keys.length, (i + 1) * keys.length);
  });
  const { mean, largest, query } = summariseDivergence(divergence);
  const rows = Math.min(size, queries.length);
  const columns = Math.min(size, keys.length);
  const window = { queryStart: 0, queryEnd: queries.length, keyStart: 0, keyEnd: keys.length };
  const pooled = (data: Float32Array) => maxPool(data, keys.length, window, rows, columns);
  const seen = (data: Float32Array) => Uint8Array.from(pooled(data), (value) => (value > 0 ? 1 : 0));
  return {
    alignment,
    queries: named(queries, sideTokens(a, "queries"), sideTokens(b, "queries")),
    keys: named(keys, sideTokens(a, "keys"), sideTokens(b, "keys")),
    rows,
    columns,
    measure,
    top: Math.max(largestOf(a.run, a.choice.block, measure), largestOf(b.run, b.choice.block, measure)),
    a: pooled(weightsA.data),
    b: pooled(weightsB.data),
    difference: farthestPool(difference.data, keys.length, rows, columns),
    visibleA: seen(visibleA),
    visibleB: seen(visibleB),
    divergence,
    meanDivergence: mean,
    largestDivergence: largest,
    mostDivergent: query,
    correlation: correlation(
      weightsA,
      weightsB,
      (i) => isPaired[Math.floor(i / keys.length)]! && (visibleA[i]! > 0 || visibleB[i]! > 0),
    ),
    largest: largestDifferences(difference, LISTED).map((cell) => {
      const at = cell.query * keys.length + cell.key;
      return { ...cell, a: weightsA.data[at]!, b: weightsB.data[at]! };
    }),
  };
}

interface Alignment {
  readonly alignment: Comparison["alignment"];
  readonly queries: readonly AlignedGroup[];
  readonly keys: readonly AlignedGroup[];
}

function align(a: Compared, b: Compared): Alignment {
  const along = (axis: "queries" | "keys", by: typeof alignByText) =>
    by(sideTokens(a, axis), sideTokens(b, axis));
  if (a.run === b.run && a.choice.block === b.choice.block) {
    return { alignment: "same", queries: along("queries", oneToOne), keys: along("keys", oneToOne) };
  }
  const sameText = a.run.summary.text === b.run.summary.text;
  const isSpans = a.run.summary.model.id !== b.run.summary.model.id && sameText;
  const by = isSpans ? alignBySpans : alignByText;
  return {
    alignment: isSpans ? "spans" : "text",
    queries: along("queries", by),
    keys: along("keys", by),
  };
}

function oneToOne(tokens: readonly Token[]): AlignedGroup[] {
  return tokens.map((_, i) => ({ aStart: i, aEnd: i + 1, bStart: i, bEnd: i + 1 }));
}

function sideTokens({ run, choice }: Compared, axis: "queries" | "keys"): readonly Token[] {
  return tokensOf(run.summary, blockOf(run.summary, choice)[axis]);
}

function blockOf(summary: RunSummary, { block }: HeadChoice) {
  const found = findBlock(summary, block);
  if (!found) throw badChoice(`the run has no ${block} attention`);
  return found;
}

function grouped(
  matrix: Tensor,
  queries: readonly AlignedGroup[],
  keys: readonly AlignedGroup[],
  side: "a" | "b",
): Tensor {
  const [nQueries = 0, nKeys = 0] = matrix.dims;
  const range = (group: AlignedGroup): readonly [number, number] =>
    side === "a" ? [group.aStart, group.aEnd] : [group.bStart, group.bEnd];
  const last = (groups: readonly AlignedGroup[]) => Math.max(0, ...groups.map((group) => range(group)[1]));
  if (last(queries) > nQueries || last(keys) > nKeys) {
    throw badChoice(`${last(queries)} x ${last(keys)} tokens have weights for ${nQueries} x ${nKeys} only`);
  }
  const isWhole = (groups: readonly AlignedGroup[], count: number) =>
    groups.length === count && groups.every((group, i) => range(group)[0] === i && range(group)[1] === i + 1);
  if (isWhole(queries, nQueries) && isWhole(keys, nKeys)) return matrix;
  return groupWeights(matrix, queries.map(range), keys.map(range));
}

/** 1 where the query may see the key; for a mean over all layers as in the first one. */
function visibleTo({ run, choice }: Compared): Tensor {
  const layer =
    choice.layer === "all" ? layersOf(run, choice.block)[0]! : layerOf(run, choice.block, choice.layer);
  const { nQueries, nKeys, mask } = layer.info;
  const visible = visibleKeys(tensorOf(layer, "weights"), mask);
  return { dims: [nQueries, nKeys], data: Float32Array.from(visible) };
}

function named(
  groups: readonly AlignedGroup[],
  a: readonly Token[],
  b: readonly Token[],
): readonly ComparedTokens[] {
  return groups.map(({ aStart, aEnd, bStart, bEnd }) => ({
    ...(aEnd > aStart && { a: sideOf(a, aStart, aEnd) }),
    ...(bEnd > bStart && { b: sideOf(b, bStart, bEnd) }),
  }));
}

function sideOf(tokens: readonly Token[], start: number, end: number): ComparedSide {
  const parts = tokens.slice(start, end).map(({ text, piece }) => text || piece);
  return { start, end, text: parts.join("") };
}
