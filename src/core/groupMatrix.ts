import type { TokenGroup } from "./tokenLayout";

/**
 * How the cells of a group become one. Weights: the sum over keys, the mean over queries, so that rows still sum
 * to 1 (Clark et al. 2019, "What Does BERT Look At?", section 4.1). Scores: the mean of those that are not masked.
 */
export type Grouping = "weights" | "scores";

/** Every measure but scores adds up as weights do. */
export function groupingOf(measure: string): Grouping {
  return measure === "scores" ? "scores" : "weights";
}

/** The mean of some rows of a matrix of `nKeys` columns. Scores leave out masked cells (-inf); -inf where all are. */
export function meanRow(
  matrix: Float32Array,
  nKeys: number,
  queries: TokenGroup,
  grouping: Grouping,
): Float32Array {
  const [only] = queries;
  if (queries.length === 1) return matrix.slice(only! * nKeys, (only! + 1) * nKeys);
  const sums = new Float64Array(nKeys);
  const counts = new Uint32Array(nKeys);
  for (const query of queries) {
    const from = query * nKeys;
    for (let key = 0; key < nKeys; key++) {
      const value = matrix[from + key]!;
      if (grouping === "scores" && value === -Infinity) continue;
      sums[key]! += value;
      counts[key]!++;
    }
  }
  const empty = grouping === "scores" ? -Infinity : 0;
  return Float32Array.from(sums, (sum, key) => (counts[key] ? sum / counts[key]! : empty));
}

/** The matrix of `nKeys` columns with a row for each group of queries and a column for each group of keys. */
export function groupMatrix(
  matrix: Float32Array,
  nKeys: number,
  queries: readonly TokenGroup[],
  keys: readonly TokenGroup[],
  grouping: Grouping,
): Float32Array {
  const nColumns = keys.length;
  const grouped = new Float32Array(queries.length * nColumns);
  const single = keys.every(({ length }) => length === 1) && Uint32Array.from(keys, ([key]) => key!);
  queries.forEach((group, row) => {
    const from =
      group.length === 1
        ? matrix.subarray(group[0]! * nKeys, (group[0]! + 1) * nKeys)
        : meanRow(matrix, nKeys, group, grouping);
    const start = row * nColumns;
    if (single)
      for (let column = 0; column < nColumns; column++) grouped[start + column] = from[single[column]!]!;
    else
      for (let column = 0; column < nColumns; column++)
        grouped[start + column] = groupCells(from, keys[column]!, grouping);
  });
  return grouped;
}

/** The cells of one row that belong to a group of keys, as one. */
export function groupCells(row: Float32Array, keys: TokenGroup, grouping: Grouping): number {
  if (keys.length === 1) return row[keys[0]!]!;
  let sum = 0;
  let count = 0;
  for (const key of keys) {
    if (grouping === "scores" && row[key] === -Infinity) continue;
    sum += row[key]!;
    count++;
  }
  if (grouping === "weights") return sum;
  return count ? sum / count : -Infinity;
}

/** 1 where some query of the row's group sees some key of the column's. */
export function groupVisibility(
  isVisible: (query: number, key: number) => boolean,
  queries: readonly TokenGroup[],
  keys: readonly TokenGroup[],
): Uint8Array {
  const visible = new Uint8Array(queries.length * keys.length);
  let at = 0;
  for (const rows of queries) {
    for (const columns of keys) {
      const seen = rows.some((query) => columns.some((key) => isVisible(query, key)));
      visible[at++] = seen ? 1 : 0;
    }
  }
  return visible;
}
