import type { Tensor } from "../tensor";

/**
 * Value-weighted attention: each weight times the length of its key's value vector, α_ij ‖v_j‖, from weights
 * [nQueries, nKeys] and v [nKeys, dValue]: [nQueries, nKeys]. What is large moves the head's output.
 */
export function valueWeighted(weights: Tensor, v: Tensor): Tensor {
  return weightColumns(weights, valueNorms(v));
}

/**
 * Norm-weighted attention ‖α_ij f(x_j)‖ with f(x_j) = v_j W_O (Kobayashi et al. 2020, §3), from weights
 * [nQueries, nKeys], v [nKeys, dValue] and the head's rows of the output projection, wOutput [dValue, dModel]:
 * [nQueries, nKeys].
 */
export function normWeighted(weights: Tensor, v: Tensor, wOutput: Tensor): Tensor {
  return weightColumns(weights, transformedNorms(v, wOutput));
}

/** Length of each row of v wOutput without making it, by the rows' inner products (wOutput wOutputᵀ): [nKeys]. */
export function transformedNorms(v: Tensor, wOutput: Tensor): Float64Array {
  const [nKeys = 0, dValue = 0] = v.dims;
  const [rows = 0, dModel = 0] = wOutput.dims;
  if (rows !== dValue) {
    throw new RangeError(`The output projection has ${rows} rows for values of ${dValue} numbers`);
  }
  const inner = new Float64Array(dValue * dValue);
  for (let a = 0; a < dValue; a++) {
    for (let b = a; b < dValue; b++) {
      let sum = 0;
      for (let i = 0; i < dModel; i++) sum += wOutput.data[a * dModel + i]! * wOutput.data[b * dModel + i]!;
      inner[a * dValue + b] = inner[b * dValue + a] = sum;
    }
  }
  return Float64Array.from({ length: nKeys }, (_, key) => {
    let square = 0;
    for (let a = 0; a < dValue; a++) {
      let along = 0;
      for (let b = 0; b < dValue; b++) along += inner[a * dValue + b]! * v.data[key * dValue + b]!;
      square += v.data[key * dValue + a]! * along;
    }
    return Math.sqrt(Math.max(0, square));
  });
}

/** Each row scaled to sum to 1, so that a measure can be read beside weights; rows of zeros stay. */
export function normaliseRows(matrix: Tensor): Tensor {
  const [rows = 0, columns = 0] = matrix.dims;
  const data = matrix.data.slice();
  for (let row = 0; row < rows; row++) {
    const cells = data.subarray(row * columns, (row + 1) * columns);
    const sum = cells.reduce((total, cell) => total + cell, 0);
    if (sum !== 0) cells.forEach((cell, i) => (cells[i] = cell / sum));
  }
  return { dims: matrix.dims, data };
}

/** Length of each value vector of v [nKeys, dValue]: [nKeys]. */
export function valueNorms(vectors: Tensor): Float64Array {
  const [rows = 0, d = 0] = vectors.dims;
  return Float64Array.from({ length: rows }, (_, row) => {
    let square = 0;
    for (let i = row * d; i < (row + 1) * d; i++) square += vectors.data[i]! ** 2;
    return Math.sqrt(square);
  });
}

function weightColumns(weights: Tensor, factors: Float64Array): Tensor {
  const nKeys = factors.length;
  if (weights.dims[1] !== nKeys) {
    throw new RangeError(`There are ${weights.dims[1]} keys in the weights and ${nKeys} values`);
  }
  return { dims: weights.dims, data: weights.data.map((weight, i) => weight * factors[i % nKeys]!) };
}
