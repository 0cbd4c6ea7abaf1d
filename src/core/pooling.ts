/** A window of a matrix, half-open. */
export interface Window {
  readonly queryStart: number;
  readonly queryEnd: number;
  readonly keyStart: number;
  readonly keyEnd: number;
}

/**
 * The window of a matrix of `nKeys` columns as [rows, columns], each cell the maximum of the tokens it pools, so
 * that a single strong weight never vanishes. Cell i of n pools tokens from floor(i * length / n) on.
 */
export function maxPool(
  matrix: Float32Array,
  nKeys: number,
  window: Window,
  rows: number,
  columns: number,
): Float32Array {
  const { queryStart, keyStart } = window;
  const height = window.queryEnd - queryStart;
  const width = window.keyEnd - keyStart;
  const pooled = new Float32Array(rows * columns).fill(-Infinity);
  const edges = Uint32Array.from({ length: columns + 1 }, (_, column) => edge(column, width, columns));
  for (let row = 0; row < rows; row++) {
    for (let i = edge(row, height, rows); i < edge(row + 1, height, rows); i++) {
      const from = (queryStart + i) * nKeys + keyStart;
      for (let column = 0; column < columns; column++) {
        const at = row * columns + column;
        let largest = pooled[at]!;
        for (let j = from + edges[column]!, end = from + edges[column + 1]!; j < end; j++) {
          const value = matrix[j]!;
          // NaN spreads: a broken cell must show.
          if (value > largest || value !== value) largest = value;
        }
        pooled[at] = largest;
      }
    }
  }
  return pooled;
}

/** How many cells of `tokensPerCell` tokens cover a length; the last may hold fewer. */
export function blockCount(length: number, tokensPerCell: number): number {
  return Math.ceil(length / tokensPerCell);
}

/**
 * The window of a matrix of `nKeys` columns in cells of tokensPerCell x tokensPerCell tokens from the window's start,
 * each the largest of its tokens: windows that start at multiples of `tokensPerCell` meet without a seam, and a
 * level of twice as many tokens holds the maxima of this one. NaN before all.
 */
export function maxPoolBlocks<T extends Float32Array | Uint8Array>(
  matrix: T,
  nKeys: number,
  { queryStart, queryEnd, keyStart, keyEnd }: Window,
  tokensPerCell: number,
): T {
  const width = keyEnd - keyStart;
  const columns = blockCount(width, tokensPerCell);
  const rows = blockCount(queryEnd - queryStart, tokensPerCell);
  const make = matrix.constructor as new (length: number) => T;
  const pooled = new make(rows * columns);
  if (matrix instanceof Float32Array) pooled.fill(-Infinity);
  for (let query = queryStart; query < queryEnd; query++) {
    const out = Math.floor((query - queryStart) / tokensPerCell) * columns;
    const from = query * nKeys + keyStart;
    for (let column = 0, j = 0; column < columns; column++) {
      const end = Math.min(width, j + tokensPerCell);
      let most = pooled[out + column]!;
      for (; j < end; j++) {
        const value = matrix[from + j]!;
        if (value > most || value !== value) most = value;
      }
      pooled[out + column] = most;
    }
  }
  return pooled;
}

/** The matrix of `nKeys` columns as [rows, columns], each cell the value furthest from 0 of those it pools; NaN before all. */
export function farthestPool(
  matrix: Float32Array,
  nKeys: number,
  rows: number,
  columns: number,
): Float32Array {
  const nQueries = nKeys === 0 ? 0 : matrix.length / nKeys;
  const pooled = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const [firstQuery, endQuery] = cellRange(row, nQueries, rows);
    for (let column = 0; column < columns; column++) {
      const [firstKey, endKey] = cellRange(column, nKeys, columns);
      let farthest = 0;
      for (let query = firstQuery; query < endQuery; query++) {
        for (let key = firstKey; key < endKey; key++) {
          const value = matrix[query * nKeys + key]!;
          if (Math.abs(value) > Math.abs(farthest) || value !== value) farthest = value;
        }
      }
      pooled[row * columns + column] = farthest;
    }
  }
  return pooled;
}

/** Which of `length` tokens cell `index` of `cells` pools, half-open. */
export function cellRange(index: number, length: number, cells: number): [first: number, end: number] {
  return [edge(index, length, cells), edge(index + 1, length, cells)];
}

function edge(index: number, length: number, cells: number): number {
  return Math.floor((index * length) / cells);
}

/** round(255 * sqrt(weight)) of each weight, for thumbnails: the root lifts what piles up near zero. */
export function toBytes(weights: Float32Array, bytes: Uint8Array): void {
  for (let i = 0; i < weights.length; i++) {
    bytes[i] = Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, weights[i]!))));
  }
}
