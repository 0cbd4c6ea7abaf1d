import { expect, test } from "vitest";
import {
  groupLines,
  lineRows,
  lineStrengths,
  lineWidth,
  strongestLines,
  weakestLine,
} from "../../../src/paint/lines";
import { linesFigure } from "../../../src/paint/linesFigure";
import { weightScale } from "../../../src/paint/scale";

const data = Float32Array.of(1, 0, 0.5, 0.5, NaN, 0.001);

test("draws the strongest lines last and leaves out zero, NaN and the weakest", () => {
  const groups = groupLines(lineRows(data, 2, [0, 1, 2]), weightScale(true));
  expect(groups.map(({ pairs }) => pairs)).toEqual([
    [1, 0, 1, 1],
    [0, 0],
  ]);
  expect(groups.at(-1)!.strength).toBe(lineStrengths - 1);
  expect(lineWidth(groups[0]!.strength)).toBeLessThan(lineWidth(groups[1]!.strength));
});

test.each([true, false])(
  "draws what is at least the weakest line's weight (square root: %s)",
  (squareRoot) => {
    const scale = weightScale(squareRoot);
    const least = weakestLine(scale);
    expect(groupLines(lineRows(Float32Array.of(least), 1, [0]), scale)).toHaveLength(1);
    expect(groupLines(lineRows(Float32Array.of(least * 0.99), 1, [0]), scale)).toHaveLength(0);
  },
);

test("keeps to the queries asked for", () => {
  const groups = groupLines(lineRows(data, 2, [1]), weightScale(true));
  expect(groups.map(({ pairs }) => pairs)).toEqual([[1, 0, 1, 1]]);
});

test("leaves out the weakest lines where there are too many, and says how many", () => {
  const groups = groupLines(lineRows(data, 2, [0, 1]), weightScale(true));
  const few = strongestLines(groups, 2);
  expect(few.shown.map(({ pairs }) => pairs)).toEqual([[0, 0]]);
  expect(few).toMatchObject({ nShown: 1, nLines: 3 });
  expect(strongestLines(groups, 3)).toMatchObject({ nShown: 3, nLines: 3 });
});

test("labels queries left and keys right, and shows only the outlined query's lines", () => {
  const figure = {
    title: "Layer 0, head 0",
    measure: "weights" as const,
    queryLabels: ["a", "<s>"],
    keyLabels: ["b", "c"],
    data: Float32Array.of(1, 0, 0.5, 0.5),
  };
  expect(linesFigure(figure).match(/M[\d.]+ [\d.]+C/g)).toHaveLength(3);
  expect(linesFigure({ ...figure, chosen: [0] }).match(/M[\d.]+ [\d.]+C/g)).toHaveLength(1);
  expect(linesFigure(figure)).toContain("&lt;s&gt;");
  const noted = linesFigure({
    ...figure,
    note: "special tokens hidden",
    columnBars: { name: "column sum", values: Float32Array.of(1.5, 0.5) },
  });
  expect(noted).toContain("special tokens hidden");
  expect(noted).toContain("column sum ≤ 1.5");
});
