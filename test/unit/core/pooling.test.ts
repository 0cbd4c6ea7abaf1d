import { describe, expect, it } from "vitest";
import { maxPool, toBytes } from "../../../src/core/pooling";

const count = (n: number) => Float32Array.from({ length: n }, (_, i) => i);
const whole = (n: number, m: number) => ({ queryStart: 0, queryEnd: n, keyStart: 0, keyEnd: m });

describe("max-pooling", () => {
  it("gives the window itself where it fits", () => {
    const window = { queryStart: 1, queryEnd: 3, keyStart: 2, keyEnd: 4 };
    expect([...maxPool(count(16), 4, window, 2, 2)]).toEqual([6, 7, 10, 11]);
  });

  it("keeps the largest of each cell, uneven cells included", () => {
    // 3 x 5 into 2 x 2: rows {0} {1,2}, columns {0,1} {2,3,4}.
    expect([...maxPool(count(15), 5, whole(3, 5), 2, 2)]).toEqual([1, 4, 11, 14]);
  });

  it("never loses a single strong weight", () => {
    const matrix = new Float32Array(1000 * 1000);
    matrix[777 * 1000 + 123] = 0.9;
    expect(Math.max(...maxPool(matrix, 1000, whole(1000, 1000), 96, 96))).toBeCloseTo(0.9, 6);
  });

  it("shows NaN and keeps -inf", () => {
    const pooled = maxPool(new Float32Array([-Infinity, -Infinity, NaN, 1]), 2, whole(2, 2), 2, 1);
    expect([...pooled]).toEqual([-Infinity, NaN]);
  });

  it("keeps NaN when a larger number follows in the cell", () => {
    expect(maxPool(new Float32Array([NaN, 1]), 2, whole(1, 2), 1, 1)[0]).toBeNaN();
  });
});

describe("bytes", () => {
  it("are 255 times the root of the weight, clipped to 0..1", () => {
    const bytes = new Uint8Array(5);
    toBytes(new Float32Array([0, 0.25, 1, 1.5, -1]), bytes);
    expect([...bytes]).toEqual([0, 128, 255, 255, 0]);
  });
});
