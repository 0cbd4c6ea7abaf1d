import { entropyBits } from "../../../src/core/softmax";
import type { MatrixSlice } from "../../../src/protocol/slices";

/** Sum of each column of a whole, unpooled matrix: what each key receives. */
export function columnSums({ rows, columns, data }: MatrixSlice): Float32Array {
  const sums = new Float32Array(columns);
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, index++) {
      const weight = data[index]!;
      if (Number.isFinite(weight)) sums[column]! += weight;
    }
  }
  return sums;
}

/** Shannon entropy of each row of weights, in bits. */
export function rowEntropies({ rows, columns, data }: MatrixSlice): Float32Array {
  return Float32Array.from({ length: rows }, (_, row) => {
    const bits = entropyBits(data, row * columns, columns);
    return Number.isFinite(bits) ? bits : 0;
  });
}
