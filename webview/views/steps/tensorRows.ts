import type { HeadTensors } from "../../../src/core/steps";
import type { Tensor } from "../../../src/core/tensor";

/** The last `most` queries of a head, with all its keys. */
export function lastQueries(
  { q, k, scores }: { q: Tensor; k: Tensor; scores: Tensor },
  most: number,
): HeadTensors {
  const start = Math.max(0, (q.dims[0] ?? 0) - most);
  return { q: rowsFrom(q, start), k, scores: rowsFrom(scores, start) };
}

function rowsFrom({ dims, data }: Tensor, start: number): Tensor {
  const [rows = 0, columns = 0] = dims;
  return { dims: [rows - start, columns], data: data.subarray(start * columns) };
}

/** One row as a tensor of its own, [1, columns]. */
export function rowOf({ dims, data }: Tensor, row: number): Tensor {
  const columns = dims[1] ?? 0;
  return { dims: [1, columns], data: data.subarray(row * columns, (row + 1) * columns) };
}

/** Of [nHeads, positions, dValue], one position: [nHeads, dValue]. */
export function outputsOf({ dims, data }: Tensor, query: number): Tensor {
  const [nHeads = 0, positions = 0, dValue = 0] = dims;
  const picked = new Float32Array(nHeads * dValue);
  for (let head = 0; head < nHeads; head++) {
    const start = (head * positions + query) * dValue;
    picked.set(data.subarray(start, start + dValue), head * dValue);
  }
  return { dims: [nHeads, dValue], data: picked };
}
