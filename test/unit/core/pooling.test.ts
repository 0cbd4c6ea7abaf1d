import { describe, expect, it } from "vitest";
import { maxPool, maxPoolBlocks, toBytes } from "../../../src/core/pooling";

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

describe("blocks of a pyramid", () => {
  it("count from the window's start, the last one smaller", () => {
    // 3 x 5 by 2: rows {0,1} {2}, columns {0,1} {2,3} {4}.
    expect([...maxPoolBlocks(count(15), 5, whole(3, 5), 2)]).toEqual([6, 8, 9, 11, 13, 14]);
    const window = { queryStart: 1, queryEnd: 3, keyStart: 2, keyEnd: 5 };
    expect([...maxPoolBlocks(count(15), 5, window, 2)]).toEqual([13, 14]);
  });

  it("never lose a single strong weight at any level, and each level holds the maxima of the one below", () => {
    const n = 1000;
    const matrix = new Float32Array(n * n);
    matrix[777 * n + 123] = 0.9;
    let below = { data: matrix, n };
    for (const size of [2, 4, 8, 16]) {
      const level = maxPoolBlocks(matrix, n, whole(n, n), size);
      const side = Math.ceil(n / size);
      expect(level[Math.floor(777 / size) * side + Math.floor(123 / size)]).toBeCloseTo(0.9, 6);
      expect([...level]).toEqual([...maxPoolBlocks(below.data, below.n, whole(below.n, below.n), 2)]);
      below = { data: level, n: side };
    }
  });

  it("show NaN, keep -inf, and pool bytes", () => {
    expect([...maxPoolBlocks(Float32Array.of(-Infinity, NaN, 1, -Infinity), 4, whole(1, 4), 2)]).toEqual([
      NaN,
      1,
    ]);
    expect([...maxPoolBlocks(Float32Array.of(-Infinity, -Infinity), 2, whole(1, 2), 2)]).toEqual([-Infinity]);
    expect([...maxPoolBlocks(Uint8Array.of(0, 1, 0, 0), 4, whole(1, 4), 2)]).toEqual([1, 0]);
  });
});

describe("bytes", () => {
  it("are 255 times the root of the weight, clipped to 0..1", () => {
    const bytes = new Uint8Array(5);
    toBytes(new Float32Array([0, 0.25, 1, 1.5, -1]), bytes);
    expect([...bytes]).toEqual([0, 128, 255, 255, 0]);
  });
});
