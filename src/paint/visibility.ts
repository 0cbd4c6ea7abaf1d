import type { BlockRule } from "../core/maskRule";
import { cellRange } from "../core/pooling";
import { maskedCell, notComputedCell } from "./heatmap";

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
  const visible = pooledRule(rule, nQueries, nKeys, rows, columns);
  return (row, column) => visible[row * columns + column] === 1;
}

/** What shows in each cell of a pooled grid [rows, columns] where nothing is seen: 0 where something may be. */
export function hiddenCodes(
  rule: BlockRule,
  isComputed: BlockRule | undefined,
  nQueries: number,
  nKeys: number,
  rows: number,
  columns: number,
): Uint16Array {
  const visible = pooledRule(rule, nQueries, nKeys, rows, columns);
  const computed = isComputed && pooledRule(isComputed, nQueries, nKeys, rows, columns);
  return Uint16Array.from(visible, (seen, at) =>
    seen ? 0 : computed && !computed[at] ? notComputedCell : maskedCell,
  );
}

function pooledRule(
  rule: BlockRule,
  nQueries: number,
  nKeys: number,
  rows: number,
  columns: number,
): Uint8Array {
  const visible = new Uint8Array(rows * columns);
  const ranges = Array.from({ length: columns }, (_, column) => cellRange(column, nKeys, columns));
  for (let row = 0, at = 0; row < rows; row++) {
    const [queryStart, queryEnd] = cellRange(row, nQueries, rows);
    for (let column = 0; column < columns; column++, at++) {
      const [keyStart, keyEnd] = ranges[column]!;
      visible[at] = rule(queryStart, queryEnd, keyStart, keyEnd) ? 1 : 0;
    }
  }
  return visible;
}
