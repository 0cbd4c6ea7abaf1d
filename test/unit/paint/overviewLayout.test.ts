import { expect, test } from "vitest";
import { overviewByOrder, overviewByPlace, type OverviewLayout } from "../../../src/paint/overviewLayout";

const space = { minEdge: 24, maxEdge: 120, gap: 2, aspect: 1, labelWidth: 24, labelHeight: 16 };
const grid = (nLayers: number, nHeads: number) =>
  Array.from({ length: nLayers }, (_, layer) => ({ layer, nHeads }));

function overlaps(layout: OverviewLayout): boolean {
  return layout.cells.some((one, at) =>
    layout.cells
      .slice(at + 1)
      .some(
        (other) =>
          Math.abs(one.x - other.x) < layout.cellWidth && Math.abs(one.y - other.y) < layout.cellHeight,
      ),
  );
}

test.each([
  [4, 8, 1000],
  [12, 12, 1000],
  [12, 12, 376],
  [5, 8, 376],
])("lays %i x %i heads into %i pixels without overlap", (nLayers, nHeads, width) => {
  const layout = overviewByPlace(grid(nLayers, nHeads), { ...space, width });
  expect(layout.cells).toHaveLength(nLayers * (nHeads + 1));
  expect(overlaps(layout)).toBe(false);
  expect(layout.width).toBeLessThanOrEqual(width);
  expect(layout.cellWidth).toBeGreaterThanOrEqual(24);
});

test("grows thumbnails to the largest size and no further", () => {
  expect(overviewByPlace(grid(1, 1), { ...space, width: 2000 }).cellWidth).toBe(120);
});

test("puts layers in rows of their own length, each with its mean at the same place", () => {
  const layout = overviewByPlace(
    [
      { layer: 0, nHeads: 2 },
      { layer: 3, nHeads: 4 },
    ],
    { ...space, width: 600 },
  );
  expect(layout.rows.map((row) => row.length)).toEqual([3, 5]);
  const means = layout.cells.filter(({ head }) => head === "mean");
  expect(new Set(means.map(({ x }) => x)).size).toBe(1);
  expect(layout.rowLabels.map(({ text }) => text)).toEqual(["L0", "L3"]);
});

test("keeps the given order when sorted, row by row", () => {
  const heads = Array.from({ length: 10 }, (_, n) => ({ layer: n % 2, head: n }));
  const layout = overviewByOrder(heads, { ...space, width: 376 }, 24);
  expect(layout.rows.flat()).toEqual(heads.map((_, n) => n));
  expect(layout.cells.map(({ head }) => head)).toEqual(heads.map(({ head }) => head));
  expect(overlaps(layout)).toBe(false);
});
