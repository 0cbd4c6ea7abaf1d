import { describe, expect, it } from "vitest";
import {
  correlation,
  divergencePerQuery,
  largestDifferences,
  signedDifference,
  summariseDivergence,
} from "../../../../src/core/compare/divergence";
import { tensor } from "../../../../src/core/tensor";
import { golden, toTensor, type Nested } from "../golden";

const kept = golden<{ a: Nested; b: Nested; divergence: number[]; correlation: number; lower: number }>(
  "compare",
);
const [a, b] = [toTensor(kept.a), toTensor(kept.b)];
const row = (...values: number[]) => tensor([1, values.length], Float32Array.from(values));

describe("the Jensen-Shannon divergence of two heads", () => {
  it("equals SciPy's, row by row", () => {
    divergencePerQuery(a, b).forEach((value, query) => expect(value).toBeCloseTo(kept.divergence[query]!, 6));
  });

  it.each([
    ["equal rows", row(0.5, 0.5), row(0.5, 0.5), 0],
    ["rows that share no key", row(1, 0), row(0, 1), 1],
    // ½·log2(1/¾) + ½·(½·log2(½/¾) + ½·log2(½/¼)) worked out by hand
    ["one key against two", row(1, 0), row(0.5, 0.5), 0.31127812445913283],
    ["two empty rows", row(0, 0), row(0, 0), 0],
    ["an empty row against another", row(0, 0), row(1, 0), 1],
  ])("%s", (_name, x, y, expected) => {
    expect(divergencePerQuery(x, y)[0]).toBeCloseTo(expected, 12);
  });

  it("of a row with NaN is not a number", () => {
    expect(divergencePerQuery(row(NaN, 1), row(1, 0))[0]).toBeNaN();
  });

  it("is summed up without the rows that are not numbers", () => {
    expect(summariseDivergence(Float64Array.of(0.25, NaN, 0.75))).toEqual({
      mean: 0.5,
      largest: 0.75,
      query: 2,
    });
    expect(summariseDivergence(Float64Array.of(NaN))).toEqual({ mean: NaN, largest: NaN, query: -1 });
  });

  it("is refused for heads of unequal size", () => {
    expect(() => divergencePerQuery(row(1), row(0.5, 0.5))).toThrow("Cannot compare [1, 1] with [1, 2]");
  });
});

describe("correlation", () => {
  it("equals SciPy's over all cells and over some", () => {
    expect(correlation(a, b)).toBeCloseTo(kept.correlation, 6);
    expect(correlation(a, b, (i) => i % 6 <= Math.floor(i / 6))).toBeCloseTo(kept.lower, 6);
  });
  it("is not a number where one of the two is constant", () => {
    expect(correlation(row(1, 1), row(1, 2))).toBeNaN();
  });
});

describe("the signed difference", () => {
  it("is a less b, and lists its largest cells first, without zeros and NaN", () => {
    const difference = signedDifference(
      tensor([2, 2], Float32Array.of(0.5, 0.5, NaN, 0)),
      tensor([2, 2], Float32Array.of(0.25, 0.5, 0, 1)),
    );
    expect([...difference.data]).toEqual([0.25, 0, NaN, -1]);
    expect(largestDifferences(difference, 8)).toEqual([
      { query: 1, key: 1, difference: -1 },
      { query: 0, key: 0, difference: 0.25 },
    ]);
    expect(largestDifferences(difference, 1)).toHaveLength(1);
  });
});
