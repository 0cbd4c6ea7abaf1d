import type { Tensor } from "./tensor";

/** What one head adds to the residual stream, in numbers. */
export interface HeadAddition {
  /** Euclidean length of the contribution. */
  readonly norm: number;
  /** Cosine of its angle with the sum over the heads; 0 where one of the two is 0. */
  readonly withSum: number;
  /** Cosine of its angle with the residual stream before the addition. */
  readonly withResidual?: number;
}

/**
 * What each head adds through the output projection: its part of the concatenation [heads x dHead] times its rows of W_O
 * [heads x dHead, dModel], as Concat(head_1, …, head_h) W_O is their sum (Vaswani et al. 2017, §3.2.2): [nHeads, dModel].
 */
export function headContributions(concat: Float32Array, projection: Tensor, nHeads: number): Tensor {
  const [rows = 0, dModel = 0] = projection.dims;
  if (concat.length !== rows || nHeads < 1 || rows % nHeads !== 0) {
    throw new RangeError(`${nHeads} heads of ${concat.length} numbers do not fit W_O of ${rows} rows`);
  }
  const dHead = rows / nHeads;
  const data = new Float32Array(nHeads * dModel);
  const sums = new Float64Array(dModel);
  for (let head = 0; head < nHeads; head++) {
    sums.fill(0);
    for (let i = head * dHead; i < (head + 1) * dHead; i++) {
      const factor = concat[i]!;
      const row = i * dModel;
      for (let m = 0; m < dModel; m++) sums[m]! += factor * projection.data[row + m]!;
    }
    data.set(sums, head * dModel);
  }
  return { dims: [nHeads, dModel], data };
}

/** Sum over the rows of a matrix, in float64: [columns]. */
export function sumOfRows({ dims, data }: Tensor): Float32Array {
  const [rows = 0, columns = 0] = dims;
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) sums[column]! += data[row * columns + column]!;
  }
  return Float32Array.from(sums);
}

/** Length and directions of each row of `contributions` [nHeads, dModel]. */
export function headAdditions(
  contributions: Tensor,
  sum: Float32Array,
  residual?: Float32Array,
): HeadAddition[] {
  const [nHeads = 0, dModel = 0] = contributions.dims;
  return Array.from({ length: nHeads }, (_, head) => {
    const own = contributions.data.subarray(head * dModel, (head + 1) * dModel);
    return {
      norm: Math.sqrt(dot(own, own)),
      withSum: cosine(own, sum),
      ...(residual && { withResidual: cosine(own, residual) }),
    };
  });
}

/** Cosine of the angle between two vectors, -1 to 1; 0 where one of them is 0. */
export function cosine(a: Float32Array, b: Float32Array): number {
  const product = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
  return product === 0 ? 0 : Math.max(-1, Math.min(1, dot(a, b) / product));
}

/** a + b, element by element. */
export function addVectors(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value + b[i]!);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
