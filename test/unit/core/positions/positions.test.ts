import { describe, expect, it } from "vitest";
import { alibiBias, alibiSlopes } from "../../../../src/core/positions/alibi";
import {
  similarityOfPositions,
  spreadRows,
  weightOverDistance,
} from "../../../../src/core/positions/distance";
import { bucketRanges, relativeBucket, T5_BUCKETS } from "../../../../src/core/positions/relativeBuckets";
import {
  productOverDistance,
  ropeAngles,
  ropeDecayBound,
  ropeFrequencies,
  rotate,
} from "../../../../src/core/positions/rope";
import { recogniseSinusoidal, sinusoidalTable, wavelengths } from "../../../../src/core/positions/sinusoidal";
import { multiplyTransposed } from "../../../../src/core/steps";
import { tensor } from "../../../../src/core/tensor";
import { expectClose, golden, toTensor, type Nested } from "../golden";

const kept = golden<{
  sinusoidal: Nested;
  rope: { input: Nested; theta: number[]; neighbours: Nested; halves: Nested; bound: number[] };
  buckets: { reach: number; encoder: number[]; decoder: number[]; small: number[] };
  distance: { weights: Nested; all: number[]; causal: number[] };
  similarity: Nested;
}>("positions");

describe("sinusoidal positions", () => {
  it("equal the paper's formula as NumPy gives it", () => {
    expectClose(sinusoidalTable(7, 6), kept.sinusoidal);
  });

  it("have wavelengths from 2π upward", () => {
    expect([...wavelengths(4, 100)].map((length) => length / (2 * Math.PI))).toEqual(
      [1, 10].map((n) => expect.closeTo(n)),
    );
  });

  it("are recognised in a table with the base, start, layout and amplitude it was made with", () => {
    const whole = sinusoidalTable(130, 16, 500);
    expect(recogniseSinusoidal(whole)).toMatchObject({
      layout: "interleaved",
      base: expect.closeTo(500, 1),
      start: 0,
      amplitude: expect.closeTo(1, 5),
    });
    const fromTwo = tensor(
      [64, 16],
      whole.data.slice(2 * 16, 66 * 16).map((value) => value * 0.25),
    );
    expect(recogniseSinusoidal(fromTwo)).toMatchObject({
      base: expect.closeTo(500, 1),
      start: 2,
      amplitude: expect.closeTo(0.25, 5),
    });
    const halves = tensor([130, 16], new Float32Array(whole.data.length));
    for (let row = 0; row < 130; row++) {
      for (let i = 0; i < 16; i++) halves.data[row * 16 + (i % 2) * 8 + (i >> 1)] = whole.data[row * 16 + i]!;
    }
    expect(recogniseSinusoidal(halves)).toMatchObject({ layout: "halves", base: expect.closeTo(500, 1) });
  });

  it("are recognised after rounding to float16, and say how far off the table is", () => {
    const table = sinusoidalTable(512, 64);
    const rounded = tensor(
      table.dims,
      table.data.map((value) => Math.round(value * 1024) / 1024),
    );
    const match = recogniseSinusoidal(rounded);
    expect(match?.base).toBeCloseTo(10_000, -2);
    expect(match!.largestDifference).toBeGreaterThan(1e-4);
    expect(match!.largestDifference).toBeLessThan(5e-3);
  });

  it("are not seen in a table with one wrong row, in a learned one, or in one with NaN", () => {
    const wrong = sinusoidalTable(32, 8);
    wrong.data[20 * 8 + 3]! += 0.1;
    expect(recogniseSinusoidal(wrong)).toBeUndefined();
    const learned = tensor(
      [32, 8],
      Float32Array.from({ length: 256 }, (_, i) => Math.sin(i * i * 0.37)),
    );
    expect(recogniseSinusoidal(learned)).toBeUndefined();
    wrong.data[0] = NaN;
    expect(recogniseSinusoidal(wrong)).toBeUndefined();
    expect(recogniseSinusoidal(tensor([2, 2], new Float32Array(4)))).toBeUndefined();
  });
});

describe("rotary positions", () => {
  const theta = Float64Array.from(kept.rope.theta);
  const input = toTensor(kept.rope.input);

  it("have the frequencies base^(-2i/d)", () => {
    ropeFrequencies(6, 500).forEach((frequency, i) => expect(frequency).toBeCloseTo(theta[i]!, 8));
    expectClose(ropeAngles(3, Float64Array.of(1, 0.5)), [[0, 0], [1, 0.5], [2, 1]]); // prettier-ignore
  });

  it.each(["neighbours", "halves"] as const)(
    "turn %s as complex numbers turn, and leave the other dimensions",
    (pairs) => {
      expectClose(rotate(input, theta, { pairs, start: 2 }), kept.rope[pairs], 2e-6);
    },
  );

  it("are undone by turning back", () => {
    const there = rotate(input, theta, { pairs: "halves", start: 90 });
    expectClose(rotate(there, theta, { pairs: "halves", start: 90, turn: -1 }), kept.rope.input, 5e-6);
  });

  it("bound q·k over distance as the paper draws it", () => {
    const bound = ropeDecayBound(40, ropeFrequencies(16));
    bound.forEach((value, distance) => expect(value).toBeCloseTo(kept.rope.bound[distance]!, 6));
  });

  it("give at each distance the product of a query and a key rotated that far apart", () => {
    const [q, k] = [input.data.slice(0, 8), input.data.slice(8, 16)];
    const products = productOverDistance(q, k, 6, theta);
    for (let distance = 0; distance < 6; distance++) {
      const turnedQuery = rotate(tensor([1, 8], q), theta, { start: 20 });
      const turnedKey = rotate(tensor([1, 8], k), theta, { start: 20 - distance });
      expect(products[distance]).toBeCloseTo(multiplyTransposed(turnedQuery, turnedKey).data[0]!, 5);
    }
  });
});

describe("ALiBi", () => {
  it("has the paper's slopes for 8 heads, and interleaves for counts that are no power of two", () => {
    expect([...alibiSlopes(8)]).toEqual([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256]);
    // 12 heads in the authors' code: those of 8, then the 1st, 3rd, 5th, 7th of 16.
    expect([...alibiSlopes(12)].slice(8)).toEqual([2 ** -0.5, 2 ** -1.5, 2 ** -2.5, 2 ** -3.5]);
    expect([...alibiSlopes(3)]).toEqual([2 ** -4, 2 ** -8, 2 ** -2]);
    expect([...alibiSlopes(1)]).toEqual([2 ** -8]);
  });

  it("lowers each earlier key by slope times distance and hides what is ahead", () => {
    expectClose(alibiBias(2, 3, 0.5), [[-0.5, 0, "-inf"], [-1, -0.5, 0]]); // prettier-ignore
  });
});

describe("T5's relative buckets", () => {
  const { reach, encoder, decoder, small } = kept.buckets;
  it.each([
    ["32 buckets to 128, both directions", encoder, T5_BUCKETS],
    ["32 buckets to 128, backwards", decoder, { bidirectional: false, nBuckets: 32, maxDistance: 128 }],
    ["8 buckets to 20", small, { bidirectional: true, nBuckets: 8, maxDistance: 20 }],
  ])("equal the published computation in float32: %s", (_name, expected, buckets) => {
    const actual = expected.map((_, i) => relativeBucket(i - reach, buckets));
    expect(actual).toEqual(expected);
  });

  it("cover the line without gaps", () => {
    const ranges = bucketRanges(T5_BUCKETS, 200);
    expect(ranges[0]).toEqual({ bucket: 15, from: -200, to: -91 });
    expect(ranges.at(-1)).toMatchObject({ bucket: 31, to: 200 });
    ranges.slice(1).forEach((range, i) => expect(range.from).toBe(ranges[i]!.to + 1));
    expect(ranges.length).toBe(31); // bucket 16, "0 ahead", never occurs
  });
});

describe("mean weight over distance", () => {
  const weights = toTensor(kept.distance.weights);
  it("is over every diagonal", () => {
    const { firstDistance, mean, count } = weightOverDistance(weights);
    expect(firstDistance).toBe(-3);
    mean.forEach((value, i) => expect(value).toBeCloseTo(kept.distance.all[i]!, 6));
    expect([...count]).toEqual([1, 2, 3, 4, 3, 2, 1]);
  });

  it("leaves out what the mask hides and what is not a number", () => {
    const visible = Uint8Array.from({ length: 16 }, (_, i) => (i % 4 <= i >> 2 ? 1 : 0));
    const { mean } = weightOverDistance(weights, { nQueries: 4, nKeys: 4, visible });
    expect([...mean.slice(0, 3)]).toEqual([NaN, NaN, NaN]);
    mean.slice(3).forEach((value, i) => expect(value).toBeCloseTo(kept.distance.causal[i]!, 6));
    const broken = tensor([1, 2], Float32Array.of(NaN, 0.5));
    expect([...weightOverDistance(broken).mean]).toEqual([0.5, NaN]);
  });

  it("counts distance from the last token where keys are cached", () => {
    const { firstDistance, mean } = weightOverDistance(tensor([1, 3], Float32Array.of(0.1, 0.2, 0.7)));
    expect(firstDistance).toBe(0);
    expect([...mean]).toEqual([0.7, 0.2, 0.1].map((value) => expect.closeTo(value)));
  });
});

describe("similarity of positions", () => {
  it("is the cosine of each two rows", () => {
    expectClose(similarityOfPositions(toTensor(kept.sinusoidal)), kept.similarity);
    expectClose(similarityOfPositions(tensor([2, 2], Float32Array.of(0, 0, 3, 4))), [[0, 0], [0, 1]]); // prettier-ignore
  });

  it("can be taken of evenly spread rows", () => {
    const { positions, rows } = spreadRows(sinusoidalTable(101, 2), 5);
    expect(positions).toEqual([0, 25, 50, 75, 100]);
    expectClose(
      rows,
      [0, 25, 50, 75, 100].map((p) => [Math.sin(p), Math.cos(p)]),
    );
    expect(spreadRows(tensor([1, 1], Float32Array.of(3)), 8).positions).toEqual([0]);
  });
});
