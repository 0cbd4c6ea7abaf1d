import { describe, expect, it } from "vitest";
import { attentionCost, scoringCost } from "../../../../src/core/scoring/costs";
import { additiveScores, additiveTerms } from "../../../../src/core/scoring/functions";
import { normalNumbers, uniformNumbers } from "../../../../src/core/scoring/random";
import {
  dimensionsUpTo,
  jacobianNorm,
  scaleExperiment,
  scaleExperimentOfRun,
  scaleExperimentRandom,
  type SoftmaxState,
} from "../../../../src/core/scoring/scaleExperiment";
import { expectClose, golden, toTensor, type Nested } from "../golden";

const kept = golden<{
  projectedQ: Nested;
  projectedK: Nested;
  v: number[];
  additive: Nested;
  q: Nested;
  k: Nested;
  plain: SoftmaxState;
  scaled: SoftmaxState;
}>("scoring");
const closeTo = (state: SoftmaxState) =>
  Object.fromEntries(Object.entries(state).map(([name, value]) => [name, expect.closeTo(value, 5)]));

describe("additive scores", () => {
  const v = Float32Array.from(kept.v);
  const [q, k] = [toTensor(kept.projectedQ), toTensor(kept.projectedK)];
  it("equal NumPy's", () => expectClose(additiveScores(q, k, v), kept.additive));

  it("are the sums of their terms over the hidden dimensions", () => {
    const { dims, data } = additiveTerms(q, k, v, 1);
    expect(dims).toEqual([4, 5]);
    const sums = [0, 1, 2, 3].map((key) => data.subarray(key * 5, key * 5 + 5).reduce((a, b) => a + b, 0));
    expectClose({ dims: [4], data: Float32Array.from(sums) }, (kept.additive as Nested[])[1]!);
  });
});

describe("the experiment with the scale", () => {
  it("measures variance, entropy, saturation and gradient as NumPy does", () => {
    const point = scaleExperiment(toTensor(kept.q), toTensor(kept.k));
    expect(point.plain).toEqual(closeTo(kept.plain));
    expect(point.scaled).toEqual(closeTo(kept.scaled));
  });

  it("finds a variance near d_k without the scale and near 1 with it", () => {
    for (const dKey of [4, 64, 1024]) {
      const { plain, scaled } = scaleExperimentRandom(dKey);
      // Over 200 seeds the ratio spreads by 0.13 at d_k = 4 and 0.04 at 64 (standard deviation, measured).
      expect(plain.scoreVariance / dKey).toBeGreaterThan(0.75);
      expect(plain.scoreVariance / dKey).toBeLessThan(1.25);
      expect(scaled.scoreVariance).toBeCloseTo(plain.scoreVariance / dKey, 6);
    }
  });

  it("finds softmax saturated at d_k = 1,024 without the scale, and not with it", () => {
    const { plain, scaled } = scaleExperimentRandom(1024);
    expect(plain.largestWeight).toBeGreaterThan(0.9);
    expect(plain.entropyBits).toBeLessThan(0.5);
    expect(scaled.largestWeight).toBeLessThan(0.2);
    expect(scaled.entropyBits).toBeGreaterThan(5);
    expect(plain.gradientNorm).toBeLessThan(scaled.gradientNorm);
  });

  it("gives the same numbers for the same seed, and others for another", () => {
    expect(scaleExperimentRandom(16, { seed: 3 })).toEqual(scaleExperimentRandom(16, { seed: 3 }));
    expect(scaleExperimentRandom(16, { seed: 3 })).not.toEqual(scaleExperimentRandom(16, { seed: 4 }));
  });

  it("on a run's vectors uses all of them at their own d_k", () => {
    const [q, k] = [toTensor(kept.q), toTensor(kept.k)];
    expect(dimensionsUpTo(5)).toEqual([4, 5]);
    expect(dimensionsUpTo(0)).toEqual([]);
    expect(scaleExperimentOfRun(q, k, 5).plain).toEqual(closeTo(kept.plain));
    expect(scaleExperimentOfRun(q, k, 4).dKey).toBe(4);
  });

  it("gives the Jacobian's norm: 0 when saturated, that of diag(1/2) - 1/4 for two equal weights", () => {
    expect(jacobianNorm(Float64Array.of(1, 0, 0))).toBe(0);
    expect(jacobianNorm(Float64Array.of(0.5, 0.5))).toBeCloseTo(0.5);
  });
});

describe("seeded numbers", () => {
  it("are those of mulberry32", () => {
    // Reference: the published C code of mulberry32 compiled with seed 1.
    const next = uniformNumbers(1);
    expect([next(), next(), next()].map((x) => x * 2 ** 32)).toEqual([2693262067, 11749833, 2265367787]);
  });

  it("have mean 0, variance 1 and a kurtosis of 3", () => {
    const next = normalNumbers(42);
    const values = Array.from({ length: 100_000 }, next);
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    expect(moment(1)).toBeCloseTo(0, 1);
    expect(moment(2)).toBeCloseTo(1, 1);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1);
  });
});

describe("costs, counted by hand for n = 2, d = 3", () => {
  it("of scoring", () => {
    expect(scoringCost("dot", 2, 3)).toEqual({ parameters: 0, operations: 4 * 5, memory: 4 });
    expect(scoringCost("scaled", 2, 3)).toEqual({ parameters: 0, operations: 4 * 6, memory: 4 });
    // Two projections of two vectors: 4 x 3 products of length 3. Per pair: 3 additions, 3 tanh, a product of length 3.
    expect(scoringCost("additive", 2, 3)).toEqual({
      parameters: 9 + 9 + 3,
      operations: 4 * 3 * 5 + 4 * (3 + 3 + 5),
      memory: 12 + 4 + 12,
    });
  });

  it("of attention: scores, softmax and values for 4 pairs", () => {
    expect(attentionCost({ kind: "full" }, 2, 3)).toEqual({
      parameters: 0,
      operations: 4 * 6 + 20 + 6 * 3,
      memory: 4,
    });
  });

  it("of low rank: keys and values projected from 4 places to 1, then 4 pairs", () => {
    expect(attentionCost({ kind: "low-rank", rank: 1 }, 4, 3)).toEqual({
      parameters: 8,
      operations: 2 * 3 * 7 + 4 * 6 + 20 + 12 * 1,
      memory: 4 + 6,
    });
  });

  it("grow with n² for full attention and with n for the others", () => {
    const growth = (pattern: Parameters<typeof attentionCost>[0]) =>
      attentionCost(pattern, 65536, 64).operations / attentionCost(pattern, 32768, 64).operations;
    expect(growth({ kind: "full" })).toBeCloseTo(4, 2);
    expect(growth({ kind: "windowed", window: 128 })).toBeCloseTo(2, 6);
    expect(growth({ kind: "block-sparse", block: 64, nBlocks: 4 })).toBeCloseTo(2, 6);
    expect(growth({ kind: "low-rank", rank: 64 })).toBeCloseTo(2, 2);
  });

  it("of a window wider than the text are those of full attention", () => {
    expect(attentionCost({ kind: "windowed", window: 999 }, 100, 64)).toEqual(
      attentionCost({ kind: "full" }, 100, 64),
    );
  });
});
