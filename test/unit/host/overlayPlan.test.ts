import { describe, expect, it } from "vitest";
import { boundarySpans, N_SHADES, shadedSpans } from "../../../src/host/overlayPlan";

const token = (start: number, end: number) => ({
  id: 0,
  text: "",
  piece: "",
  start,
  end,
  special: start < 0,
});

describe("the spans to shade", () => {
  it("go by the square root of the weight, from nothing to the last shade", () => {
    const tokens = [0, 1, 2, 3, 4].map((start) => token(start, start + 1));
    const shades = shadedSpans(tokens, new Float32Array([0, 0.0009, 0.001, 0.25, 1]));
    const found = shades.flatMap((spans, index) => spans.map(({ start }) => [start, index + 1]));
    // sqrt(0.001) x 16 = 0.506, sqrt(0.25) x 16 = 8
    expect(found).toEqual([
      [2, 1],
      [3, N_SHADES / 2],
      [4, N_SHADES],
    ]);
  });

  it("leave out tokens without a place, and take the largest weight of those that share one", () => {
    const tokens = [token(-1, -1), token(0, 2), token(0, 2), token(2, 2)];
    const shades = shadedSpans(tokens, new Float32Array([1, 0.25, 1, 1]));
    expect(shades.flat()).toEqual([{ start: 0, end: 2 }]);
    expect(shades[N_SHADES - 1]).toHaveLength(1);
  });

  it("stay within the 32 decoration types that an editor bears", () => {
    // The outline and the two turns of boundaries come on top.
    expect(N_SHADES + 3).toBeLessThanOrEqual(32);
  });
});

describe("boundaries", () => {
  it("stand before every token with a place but the first, once where tokens share a character", () => {
    const tokens = [token(-1, -1), token(0, 3), token(3, 5), token(3, 5), token(5, 6)];
    expect(boundarySpans(tokens)).toEqual([
      { start: 3, end: 5 },
      { start: 5, end: 6 },
    ]);
  });
});
