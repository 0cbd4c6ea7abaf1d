import { describe, expect, it } from "vitest";
import { layoutChart, nearestPoint, type Chart } from "../../../src/paint/chart";

const linear: Chart = {
  x: { label: "x", scale: "linear" },
  y: { label: "y", scale: "linear" },
  series: [{ name: "a", x: [0, 5, 10], y: [0, 10, 100], colour: 0 }],
};

describe("a chart in pixels", () => {
  it("puts the lowest values at the lower left and the highest at the upper right", () => {
    const { left, right, top, bottom, paths } = layoutChart(linear, 300, 200);
    expect(paths).toEqual([
      `M${left},${bottom}L${(left + right) / 2},${bottom - (bottom - top) / 10}L${right},${top}`,
    ]);
  });

  it("has equal steps for equal ratios on a logarithmic axis, and leaves out what is not above 0", () => {
    const log = {
      ...linear,
      y: { label: "y", scale: "log" as const },
      series: [{ ...linear.series[0]!, y: [0, 10, 1000] }],
    };
    const { toY, yMarks, paths } = layoutChart(log, 300, 200);
    expect(toY(100)).toBeCloseTo((toY(10) + toY(1000)) / 2);
    expect(yMarks.map(({ text }) => text)).toEqual(["10", "100", "1000"]);
    expect(paths[0]!.match(/[ML]/g)).toEqual(["M", "L"]);
  });

  it("leaves a gap where a value is not finite", () => {
    const gap = { ...linear, series: [{ name: "a", x: [0, 1, 2, 3, 4], y: [1, 2, NaN, 4, 5], colour: 0 }] };
    expect(layoutChart(gap, 300, 200).paths[0]!.match(/M/g)).toHaveLength(2);
  });

  it("writes large powers as powers and keeps given marks, thinned where they would crowd", () => {
    const series = [{ name: "a", x: [1, 1e9], y: [1, 1], colour: 0 }];
    const wide = layoutChart({ ...linear, x: { label: "n", scale: "log" }, series }, 900, 200);
    expect(wide.xMarks.at(-1)!.text).toBe("10⁹");
    const marks = [1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
    const narrow = layoutChart({ ...linear, x: { label: "n", scale: "log", marks }, series }, 200, 200);
    expect(narrow.xMarks.length).toBeLessThan(5);
  });

  it("draws something finite for nothing, for one point and for equal points", () => {
    for (const y of [[], [3], [3, 3, 3]]) {
      const { paths, yMarks } = layoutChart(
        { ...linear, series: [{ name: "a", x: y.map((_, i) => i), y, colour: 0 }] },
        300,
        200,
      );
      expect(paths[0]).not.toMatch(/NaN|Infinity/);
      expect(yMarks.every(({ at }) => Number.isFinite(at))).toBe(true);
    }
  });

  it("finds the point nearest to the pointer", () => {
    const layout = layoutChart(linear, 300, 200);
    expect(nearestPoint(layout, [0, 5, 10], layout.toX(6))).toBe(1);
    expect(nearestPoint(layout, [], 10)).toBe(-1);
  });
});
