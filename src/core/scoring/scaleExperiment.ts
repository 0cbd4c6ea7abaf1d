import { entropyBits, softmaxInto } from "../softmax";
import type { Tensor } from "../tensor";
import { normalNumbers, uniformNumbers } from "./random";

/** d_k of the experiment: 4 to 1,024 in powers of two. */
export const EXPERIMENT_DIMENSIONS: readonly number[] = [4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** What softmax does with scores of one kind; means are over queries. */
export interface SoftmaxState {
  /** Variance of the scores over all queries and keys. */
  readonly scoreVariance: number;
  /** Mean entropy in bits; log2(nKeys) is uniform, 0 is all weight on one key. */
  readonly entropyBits: number;
  /** Mean of the largest weight: saturation, 1 where softmax has become argmax. */
  readonly largestWeight: number;
  /** Mean Frobenius norm of softmax's Jacobian diag(w) - w wᵀ; what is near 0 passes no gradient back. */
  readonly gradientNorm: number;
}

/** One d_k: the same products without and with the factor 1/√d_k (Vaswani et al. 2017, §3.2.1 and its footnote 4). */
export interface ScalePoint {
  readonly dKey: number;
  readonly nKeys: number;
  readonly plain: SoftmaxState;
  readonly scaled: SoftmaxState;
}

/** The experiment on random q and k of independent standard normal components, from `seed`. */
export function scaleExperimentRandom(
  dKey: number,
  options: { nQueries?: number; nKeys?: number; seed?: number } = {},
): ScalePoint {
  const { nQueries = 64, nKeys = 64, seed = 1 } = options;
  const next = normalNumbers(seed + dKey);
  const fill = (rows: number): Tensor => ({
    dims: [rows, dKey],
    data: Float32Array.from({ length: rows * dKey }, next),
  });
  return scaleExperiment(fill(nQueries), fill(nKeys));
}

/**
 * The experiment on a run's q [nQueries, d] and k [nKeys, d] with only `dKey` of their dimensions, the first of a
 * random order from `seed` (nested: fewer dimensions are a subset of more). Every query sees every key.
 */
export function scaleExperimentOfRun(q: Tensor, k: Tensor, dKey: number, seed = 1): ScalePoint {
  const chosen = randomOrder(q.dims[1] ?? 0, seed).slice(0, dKey);
  return scaleExperiment(takeColumns(q, chosen), takeColumns(k, chosen));
}

/** d_k to try on vectors of `d` dimensions: the powers of two from 4 up to d, and d itself. */
export function dimensionsUpTo(d: number): number[] {
  const below = EXPERIMENT_DIMENSIONS.filter((dKey) => dKey < d);
  return d > 0 ? [...below, d] : [];
}

export function scaleExperiment(q: Tensor, k: Tensor): ScalePoint {
  const [nQueries = 0, dKey = 0] = q.dims;
  const [nKeys = 0] = k.dims;
  const products = new Float64Array(nQueries * nKeys);
  for (let query = 0; query < nQueries; query++) {
    for (let key = 0; key < nKeys; key++) {
      let sum = 0;
      for (let i = 0; i < dKey; i++) sum += q.data[query * dKey + i]! * k.data[key * dKey + i]!;
      products[query * nKeys + key] = sum;
    }
  }
  const plain = softmaxState(products, nQueries, nKeys);
  const root = Math.sqrt(dKey);
  return {
    dKey,
    nKeys,
    plain,
    scaled: softmaxState(
      products.map((product) => product / root),
      nQueries,
      nKeys,
    ),
  };
}

/** State of the softmax over scores [nQueries, nKeys]. */
export function softmaxState(scores: Float64Array, nQueries: number, nKeys: number): SoftmaxState {
  const weights = new Float64Array(scores.length);
  let entropy = 0;
  let largestWeight = 0;
  let gradientNorm = 0;
  for (let query = 0; query < nQueries; query++) {
    const start = query * nKeys;
    softmaxInto(scores, weights, start, nKeys);
    entropy += entropyBits(weights, start, nKeys) / nQueries;
    let largest = 0;
    for (let i = start; i < start + nKeys; i++) largest = Math.max(largest, weights[i]!);
    largestWeight += largest / nQueries;
    gradientNorm += jacobianNorm(weights, start, nKeys) / nQueries;
  }
  return { scoreVariance: variance(scores), entropyBits: entropy, largestWeight, gradientNorm };
}

/** Frobenius norm of diag(w) - w wᵀ: its square is Σ w_i² - 2 Σ w_i³ + (Σ w_i²)². */
export function jacobianNorm(
  weights: Float64Array | Float32Array,
  start = 0,
  length = weights.length,
): number {
  let squares = 0;
  let cubes = 0;
  for (let i = start; i < start + length; i++) {
    const weight = weights[i]!;
    squares += weight ** 2;
    cubes += weight ** 3;
  }
  return Math.sqrt(Math.max(0, squares - 2 * cubes + squares ** 2));
}

function variance(values: Float64Array): number {
  let mean = 0;
  for (const value of values) mean += value / values.length;
  let sum = 0;
  for (const value of values) sum += (value - mean) ** 2 / values.length;
  return sum;
}

function randomOrder(length: number, seed: number): number[] {
  const next = uniformNumbers(seed);
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const other = Math.floor(next() * (i + 1));
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  return order;
}

function takeColumns(from: Tensor, columns: readonly number[]): Tensor {
  const [rows = 0, d = 0] = from.dims;
  const data = new Float32Array(rows * columns.length);
  for (let row = 0; row < rows; row++) {
    columns.forEach((column, i) => (data[row * columns.length + i] = from.data[row * d + column]!));
  }
  return { dims: [rows, columns.length], data };
}
