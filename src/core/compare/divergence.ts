import type { Tensor } from "../tensor";

/**
 * Jensen-Shannon divergence in bits (base 2, 0 to 1; Lin 1991, §IV) of each query's weights in `a` and `b`, both
 * [nQueries, nKeys]: [nQueries]. Rows need not sum to 1 (they are scaled to); two empty rows agree (0), one empty row
 * against another differs wholly (1); a row with NaN gives NaN.
 */
export function divergencePerQuery(a: Tensor, b: Tensor): Float64Array {
  const [nQueries = 0, nKeys = 0] = sameShape(a, b);
  const result = new Float64Array(nQueries);
  for (let query = 0; query < nQueries; query++) {
    const start = query * nKeys;
    result[query] = rowDivergence(
      a.data.subarray(start, start + nKeys),
      b.data.subarray(start, start + nKeys),
    );
  }
  return result;
}

/** Of divergences per query: their mean and the query with the largest; those that are NaN are left out. */
export function summariseDivergence(perQuery: Float64Array): {
  mean: number;
  largest: number;
  query: number;
} {
  let sum = 0;
  let count = 0;
  let largest = -Infinity;
  let query = -1;
  perQuery.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    sum += value;
    count++;
    if (value > largest) [largest, query] = [value, i];
  });
  return count ? { mean: sum / count, largest, query } : { mean: NaN, largest: NaN, query };
}

function rowDivergence(p: Float32Array, q: Float32Array): number {
  const total = (row: Float32Array) => row.reduce((sum, value) => sum + value, 0);
  const [sumP, sumQ] = [total(p), total(q)];
  if (sumP === 0 && sumQ === 0) return 0;
  if (sumP === 0 || sumQ === 0) return 1;
  let divergence = 0;
  for (let i = 0; i < p.length; i++) {
    const x = p[i]! / sumP;
    const y = q[i]! / sumQ;
    const middle = (x + y) / 2;
    if (x !== 0) divergence += (x * Math.log2(x / middle)) / 2;
    if (y !== 0) divergence += (y * Math.log2(y / middle)) / 2;
  }
  // Rounding can leave -1e-17 for equal rows.
  return Number.isNaN(divergence) ? NaN : Math.min(1, Math.max(0, divergence));
}

/** a - b, cell by cell. */
export function signedDifference(a: Tensor, b: Tensor): Tensor {
  const dims = sameShape(a, b);
  return { dims, data: a.data.map((value, i) => value - b.data[i]!) };
}

/**
 * Pearson's correlation of the cells of `a` and `b` over which `counts` holds (the visible ones, so that what both
 * mask does not make them alike); NaN where one of them is constant. Cells that are not finite are left out.
 */
export function correlation(a: Tensor, b: Tensor, counts: (index: number) => boolean = () => true): number {
  sameShape(a, b);
  let n = 0;
  let meanA = 0;
  let meanB = 0;
  let squaresA = 0;
  let squaresB = 0;
  let products = 0;
  for (let i = 0; i < a.data.length; i++) {
    const x = a.data[i]!;
    const y = b.data[i]!;
    if (!counts(i) || !Number.isFinite(x) || !Number.isFinite(y)) continue;
    // Welford's update: sums of squares of large numbers would cancel.
    n++;
    const fromA = x - meanA;
    meanA += fromA / n;
    const fromB = y - meanB;
    meanB += fromB / n;
    squaresA += fromA * (x - meanA);
    squaresB += fromB * (y - meanB);
    products += fromA * (y - meanB);
  }
  const scale = Math.sqrt(squaresA * squaresB);
  return scale > 0 ? products / scale : NaN;
}

/** A cell and its signed difference. */
export interface CellDifference {
  readonly query: number;
  readonly key: number;
  readonly difference: number;
}

/** The `count` cells of a difference [nQueries, nKeys] that are furthest from 0, largest first; not those that are NaN or 0. */
export function largestDifferences(difference: Tensor, count: number): CellDifference[] {
  const [, nKeys = 0] = difference.dims;
  const best: number[] = [];
  const size = (index: number) => Math.abs(difference.data[index]!);
  for (let i = 0; i < difference.data.length; i++) {
    if (!(size(i) > 0) || (best.length === count && size(i) <= size(best[count - 1]!))) continue;
    let place = best.length;
    while (place > 0 && size(best[place - 1]!) < size(i)) place--;
    best.splice(place, 0, i);
    if (best.length > count) best.pop();
  }
  return best.map((i) => ({
    query: Math.floor(i / nKeys),
    key: i % nKeys,
    difference: difference.data[i]!,
  }));
}

function sameShape(a: Tensor, b: Tensor): readonly number[] {
  if (a.dims.join() !== b.dims.join()) {
    throw new RangeError(
      `Cannot compare [${a.dims.join(", ")}] with [${b.dims.join(", ")}]: align them first`,
    );
  }
  return a.dims;
}
