import { describe, expect, it } from "vitest";
import { bitsOf, log2OfBits } from "../../../src/core/log2Table";

const log2Of = (value: number) => log2OfBits(bitsOf(new Float32Array([value]))[0]!);

describe("log2 by table", () => {
  it("is off by at most 4.3e-8 from Math.log2, for weights of every size", () => {
    let largest = 0;
    for (let i = 0; i < 1e6; i++) {
      const value = Math.fround(2 ** (-(i % 100) / 1.01) * (1 + i / 1e6));
      largest = Math.max(largest, Math.abs(log2Of(value) - Math.log2(value)));
    }
    expect(largest).toBeLessThan(4.4e-8);
  });

  it("is exact for powers of two", () => {
    for (const power of [0, -1, -2, -20, 3]) expect(log2Of(2 ** power)).toBe(power);
  });

  it("leaves 0 x log2(0) at 0, and makes NaN of what has no logarithm", () => {
    expect(0 * log2Of(0)).toBe(-0);
    expect(0 * log2Of(-0)).toBe(-0);
    for (const value of [NaN, Infinity, -Infinity, -1]) expect(log2Of(value)).toBeNaN();
  });
});
