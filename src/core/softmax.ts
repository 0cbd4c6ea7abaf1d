import type { Tensor } from "./tensor";

/**
 * Softmax of each row of `scores` [rows, columns], shifted by the row's maximum so that it cannot overflow.
 * A row of -inf (fully masked) gives zeros; a row that holds NaN or +inf gives NaN, as a model would.
 */
export function softmaxRows(scores: Tensor): Tensor {
  const [rows = 0, columns = 0] = scores.dims;
  const data = new Float32Array(scores.data.length);
  for (let row = 0; row < rows; row++) {
    softmaxInto(scores.data, data, row * columns, columns);
  }
  return { dims: scores.dims, data };
}

/** Softmax of `length` numbers of `from`, from `start`, into the same place of `to`. */
export function softmaxInto(
  from: Float32Array | Float64Array,
  to: Float32Array | Float64Array,
  start: number,
  length: number,
): void {
  const end = start + length;
  let largest = -Infinity;
  let hasNaN = false;
  for (let i = start; i < end; i++) {
    const score = from[i]!;
    if (score > largest) largest = score;
    if (Number.isNaN(score)) hasNaN = true;
  }
  if (hasNaN || largest === Infinity) {
    to.fill(NaN, start, end);
    return;
  }
  if (largest === -Infinity) {
    to.fill(0, start, end);
    return;
  }
  let sum = 0;
  for (let i = start; i < end; i++) sum += to[i] = Math.exp(from[i]! - largest);
  for (let i = start; i < end; i++) to[i]! /= sum;
}

/** Shannon entropy in bits of one row of weights; zeros count as 0 log 0 = 0. */
export function entropyBits(
  weights: Float32Array | Float64Array,
  start = 0,
  length = weights.length,
): number {
  let entropy = 0;
  for (let i = start; i < start + length; i++) {
    const weight = weights[i]!;
    if (weight !== 0) entropy -= weight * Math.log2(weight);
  }
  return entropy;
}
