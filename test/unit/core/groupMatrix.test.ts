import { describe, expect, it } from "vitest";
import { groupMatrix, groupVisibility, meanRow } from "../../../src/core/groupMatrix";
import { marginalsOf } from "../../../src/core/marginals";

// Numbers by hand. Rows sum to 1; the last two queries and keys are one word.
const weights = Float32Array.of(1, 0, 0, 0.25, 0.75, 0, 0.5, 0.125, 0.375);
const scores = Float32Array.of(2, -Infinity, -Infinity, 1, 3, -Infinity, 5, 7, 9);
const words = [[0], [1, 2]];

describe("groups of tokens", () => {
  it("sum weights over keys and average them over queries, so that rows still sum to 1", () => {
    expect([...groupMatrix(weights, 3, words, words, "weights")]).toEqual([1, 0, 0.375, 0.625]);
  });

  it("average the scores that are not masked, and stay masked where all are", () => {
    // Second word on itself: queries 1 and 2 give key 1 the mean of 3 and 7, key 2 only 9.
    expect([...groupMatrix(scores, 3, words, words, "scores")]).toEqual([2, -Infinity, 3, 7]);
  });

  it("permute rows and columns where every group is one token", () => {
    expect([...groupMatrix(weights, 3, [[2], [0]], [[1], [2], [0]], "weights")]).toEqual([
      0.125, 0.375, 0.5, 0, 0, 1,
    ]);
  });

  it("spread NaN, so that a broken cell shows", () => {
    expect(groupMatrix(Float32Array.of(NaN, 1), 2, [[0]], [[0, 1]], "weights")[0]).toBeNaN();
  });

  it("are visible where one of their pairs is", () => {
    const causal = (query: number, key: number) => key <= query;
    expect([...groupVisibility(causal, words, words)]).toEqual([1, 0, 1, 1]);
    expect([...groupVisibility(causal, [[0], [1]], [[1, 0]])]).toEqual([1, 1]);
  });
});

describe("several queries", () => {
  it("show the mean of their rows, and a single one its own row as a copy", () => {
    expect([...meanRow(weights, 3, [0, 2], "weights")]).toEqual([0.75, 0.0625, 0.1875]);
    const row = meanRow(weights, 3, [1], "weights");
    expect([...row]).toEqual([0.25, 0.75, 0]);
    expect(row.buffer).not.toBe(weights.buffer);
  });
});

describe("marginals", () => {
  it("sum rows and columns, and give the entropy of rows in bits", () => {
    const { rowSums, columnSums, rowEntropy, largest } = marginalsOf(weights, 3, 3);
    expect([...rowSums]).toEqual([1, 1, 1]);
    expect([...columnSums]).toEqual([1.75, 0.875, 0.375]);
    expect(largest).toBe(1);
    // H(1/4, 3/4) = 0.811278 bits (Shannon 1948, figure 7).
    expect(rowEntropy[1]).toBeCloseTo(0.811278, 5);
  });

  it("leave out masking values and what is no number", () => {
    const { columnSums, largest } = marginalsOf(Float32Array.of(-3, -Infinity, 1, -3.4e38, NaN, 2), 2, 3);
    expect(largest).toBe(3);
    expect(columnSums[2]).toBe(3);
  });
});
