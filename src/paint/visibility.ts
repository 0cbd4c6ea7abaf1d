import type { BlockRule } from "../core/maskRule";
import { cellRange } from "../core/pooling";

/** Which cells of a pooled grid [rows, columns] are visible: those where some of the tokens that they pool are. */
export function pooledVisibility(
  rule: BlockRule,
  nQueries: number,
  nKeys: number,
  rows: number,
  columns: number,
): (row: number, column: number) => boolean {
  return (row, column) => rule(...cellRange(row, nQueries, rows), ...cellRange(column, nKeys, columns));
}
