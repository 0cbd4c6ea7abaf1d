import { describe, expect, it } from "vitest";
import { arrangeAxes } from "../../../src/core/axes";

const count = (n: number) => Float32Array.from({ length: n }, (_, i) => i);
const weights = [["h", "g"], ["q"], ["k"]];

describe("arranging axes", () => {
  it.each([
    [
      [1, 2, 3, 4],
      ["b", "h", "q", "k"],
    ],
    [
      [2, 3, 4],
      ["h", "q", "k"],
    ],
    [
      [2, 1, 3, 4],
      ["h", "b", "q", "k"],
    ],
    [
      [1, 1, 2, 3, 4],
      ["b", "h", "g", "q", "k"],
    ],
  ])("copies nothing where only axes of length 1 move: %j", (dims, axes) => {
    const data = count(24);
    const arranged = arrangeAxes(data, dims, axes, weights);
    expect(arranged.data).toBe(data);
    expect(arranged.dims).toEqual([2, 3, 4]);
  });

  it("puts a missing axis in with length 1", () => {
    expect(arrangeAxes(count(6), [1, 2, 3], ["b", "q", "k"], weights).dims).toEqual([1, 2, 3]);
  });

  it("turns [query, head, key] into [head, query, key]", () => {
    // Two queries, two heads, three keys; by hand.
    const arranged = arrangeAxes(count(12), [2, 2, 3], ["q", "h", "k"], weights);
    expect([...arranged.data]).toEqual([0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11]);
  });

  it("turns a transposed key [head, d, position] upright", () => {
    const arranged = arrangeAxes(count(6), [1, 1, 3, 2], ["b", "h", "d", "p"], [["h", "g"], ["p"], ["d"]]);
    expect([...arranged.data]).toEqual([0, 2, 4, 1, 3, 5]);
    expect(arranged.dims).toEqual([1, 2, 3]);
  });

  it("refuses a batch of two, and axes that do not fit the shape", () => {
    expect(() => arrangeAxes(count(24), [2, 1, 3, 4], ["b", "h", "q", "k"], weights)).toThrow("Axis b");
    expect(() => arrangeAxes(count(24), [24], ["h", "q"], weights)).toThrow("does not have the axes");
  });
});
