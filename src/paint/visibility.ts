import type { MaskSummary } from "../core/run";

/**
 * Which keys a query sees under a mask that its summary describes fully; undefined for masks that have to be
 * read cell by cell. `query` and `key` are positions in the run.
 */
export function visibilityOf(mask: MaskSummary): ((query: number, key: number) => boolean) | undefined {
  switch (mask.kind) {
    case "none":
      return () => true;
    case "causal":
      return (query, key) => key <= query;
    case "sliding": {
      const { window, reach } = mask;
      if (reach) return (query, key) => key >= query - reach.back && key <= query + reach.ahead;
      return window === undefined ? undefined : (query, key) => key <= query && key > query - window;
    }
    default:
      return undefined;
  }
}

/** The same for a pooled grid of [rows, columns]: a cell is visible where any of the cells it pools is. */
export function pooledVisibility(
  isVisible: (query: number, key: number) => boolean,
  nQueries: number,
  nKeys: number,
  rows: number,
  columns: number,
): (row: number, column: number) => boolean {
  if (rows === nQueries && columns === nKeys) return isVisible;
  const visible = new Uint8Array(rows * columns);
  for (let query = 0; query < nQueries; query++) {
    const row = Math.floor((query * rows) / nQueries);
    for (let key = 0; key < nKeys; key++) {
      const at = row * columns + Math.floor((key * columns) / nKeys);
      if (!visible[at] && isVisible(query, key)) visible[at] = 1;
    }
  }
  return (row, column) => visible[row * columns + column] === 1;
}
