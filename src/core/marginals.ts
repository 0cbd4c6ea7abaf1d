import { entropyBits } from "./softmax";

/** What the rows and columns of a matrix [rows, columns] sum to. */
export interface Marginals {
  /** What each row gives, and each column receives; cells that are no finite number count 0. */
  readonly rowSums: Float32Array;
  readonly columnSums: Float32Array;
  /** Shannon entropy of each row in bits, for weights. */
  readonly rowEntropy: Float32Array;
  /** The largest size of a finite cell; masking values (1e9 and beyond) aside. */
  readonly largest: number;
}

export function marginalsOf(matrix: Float32Array, rows: number, columns: number): Marginals {
  const rowSums = new Float32Array(rows);
  const sums = new Float64Array(columns);
  let largest = 0;
  for (let row = 0, at = 0; row < rows; row++) {
    let rowSum = 0;
    for (let column = 0; column < columns; column++, at++) {
      const value = matrix[at]!;
      const size = Math.abs(value);
      if (!(size < Infinity)) continue;
      rowSum += value;
      sums[column]! += value;
      if (size > largest && size < MASKING) largest = size;
    }
    rowSums[row] = rowSum;
  }
  const rowEntropy = Float32Array.from({ length: rows }, (_, row) => {
    const bits = entropyBits(matrix, row * columns, columns);
    return Number.isFinite(bits) ? bits : 0;
  });
  return { rowSums, columnSums: Float32Array.from(sums), rowEntropy, largest };
}

/** Scores of this size only come from a mask. */
const MASKING = 1e9;
