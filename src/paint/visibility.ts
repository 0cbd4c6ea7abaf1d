import type { BlockRule } from "../core/maskRule";
import { cellRange } from "../core/pooling";

/**
 * Which cells of a pooled grid [rows, columns] are visible: those where some of the tokens that they pool are. Read
 * once: it is asked for every masked cell of every head.
 */
export function pooledVisibility(
  rule: BlockRule,
  nQueries: number,
  nKeys: number,
  rows: number,
  columns: number,
): (row: number, column: number) => boolean {
  const visible = new Uint8Array(rows * columns);
  const ranges = Array.from({ length: columns }, (_, column) => cellRange(column, nKeys, columns));
  for (let row = 0, at = 0; row < rows; row++) {
    const [queryStart, queryEnd] = cellRange(row, nQueries, rows);
    for (let column = 0; column < columns; column++, at++) {
      const [keyStart, keyEnd] = ranges[column]!;
      visible[at] = rule(queryStart, queryEnd, keyStart, keyEnd) ? 1 : 0;
    }
  }
  return (row, column) => visible[row * columns + column] === 1;
}
