/** Where an arrow key leads from item `at` in rows of items; undefined for other keys. Stops at the edges. */
export function moveInRows(
  rows: readonly (readonly number[])[],
  at: number,
  key: string,
): number | undefined {
  const row = rows.findIndex((items) => items.includes(at));
  const column = rows[row]?.indexOf(at) ?? 0;
  const inRow = (items: readonly number[] | undefined, wanted: number) =>
    items?.[Math.min(wanted, items.length - 1)];
  switch (key) {
    case "ArrowRight":
      return rows[row]?.[column + 1] ?? at;
    case "ArrowLeft":
      return rows[row]?.[column - 1] ?? at;
    case "ArrowDown":
      return inRow(rows[row + 1], column) ?? at;
    case "ArrowUp":
      return inRow(rows[row - 1], column) ?? at;
    case "Home":
      return rows[row]?.[0] ?? at;
    case "End":
      return rows[row]?.at(-1) ?? at;
    default:
      return undefined;
  }
}
