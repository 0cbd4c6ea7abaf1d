import type { Tensor } from "../tensor";
import type { Visibility } from "../mask";

/** Something averaged over all pairs of a query and a key that are equally far apart. */
export interface DistanceProfile {
  /** Distance of entry 0, query position - key position; positive is back, negative ahead. Entries rise by 1. */
  readonly firstDistance: number;
  /** NaN where no visible pair has this distance. */
  readonly mean: Float64Array;
  /** How many pairs each mean is over. */
  readonly count: Uint32Array;
}

/**
 * Mean weight over distance of one head, from weights [nQueries, nKeys], over the pairs that the mask lets see
 * each other. With fewer queries than keys the queries are the last tokens. Weights that are NaN are left out.
 */
export function weightOverDistance(weights: Tensor, mask?: Visibility): DistanceProfile {
  const [nQueries = 0, nKeys = 0] = weights.dims;
  const offset = Math.max(0, nKeys - nQueries);
  const firstDistance = offset - (nKeys - 1);
  const nDistances = Math.max(0, nQueries + nKeys - 1);
  const mean = new Float64Array(nDistances);
  const count = new Uint32Array(nDistances);
  for (let query = 0; query < nQueries; query++) {
    for (let key = 0; key < nKeys; key++) {
      const cell = query * nKeys + key;
      const weight = weights.data[cell]!;
      if ((mask && !mask.visible[cell]) || Number.isNaN(weight)) continue;
      const index = query + offset - key - firstDistance;
      mean[index]! += weight;
      count[index]!++;
    }
  }
  for (let i = 0; i < nDistances; i++) mean[i] = count[i] ? mean[i]! / count[i]! : NaN;
  return { firstDistance, mean, count };
}

/** Cosine similarity of each row of `table` [n, d] with each: [n, n], 1 on the diagonal, 0 for rows of zeros. */
export function similarityOfPositions(table: Tensor): Tensor {
  const [n = 0, d = 0] = table.dims;
  const unit = new Float32Array(n * d);
  for (let row = 0; row < n; row++) {
    let squares = 0;
    for (let i = row * d; i < (row + 1) * d; i++) squares += table.data[i]! ** 2;
    if (squares === 0) continue;
    const length = Math.sqrt(squares);
    for (let i = row * d; i < (row + 1) * d; i++) unit[i] = table.data[i]! / length;
  }
  const data = new Float32Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = a; b < n; b++) {
      let sum = 0;
      for (let i = 0; i < d; i++) sum += unit[a * d + i]! * unit[b * d + i]!;
      data[a * n + b] = data[b * n + a] = sum;
    }
  }
  return { dims: [n, n], data };
}

/** Rows of `table` [n, d] at most `most` of them, evenly spread, first and last included, with their positions. */
export function spreadRows(table: Tensor, most: number): { positions: number[]; rows: Tensor } {
  const [n = 0, d = 0] = table.dims;
  const count = Math.min(n, most);
  const positions = Array.from({ length: count }, (_, i) =>
    count === 1 ? 0 : Math.round((i * (n - 1)) / (count - 1)),
  );
  const data = new Float32Array(count * d);
  positions.forEach((position, row) =>
    data.set(table.data.subarray(position * d, (position + 1) * d), row * d),
  );
  return { positions, rows: { dims: [count, d], data } };
}
