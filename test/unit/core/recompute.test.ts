import { describe, expect, it } from "vitest";
import { recomputeRow, type ScoreStep } from "../../../src/core/recompute";
import type { Tensor } from "../../../src/core/tensor";

const q = Float32Array.of(1, 2, 3, 0, -1, 1, 2, 0, 1, 1, 1, -1);
const k = Float32Array.of(1, 0, 1, 0, 1, 2, -1, 1, 0, 2, 1, 1);

function row(query: number, steps: readonly ScoreStep<Tensor>[]): number[] | undefined {
  const dims = [1, 4, 3];
  const operands = { q: { dims, data: q }, k: { dims, data: k }, nHeads: 1, nQueries: 4, nKeys: 4 };
  const found = recomputeRow({ ...operands, steps: [...half, ...steps] }, 0, query);
  return found && [...found];
}

const half: ScoreStep<Tensor>[] = [{ kind: "multiply", by: 0.5 }];
const softmax: ScoreStep<Tensor> = { kind: "softmax" };
const ofKeys = (...data: number[]): Tensor => ({ dims: [1, 1, 4], data: Float32Array.from(data) });

/** Computed with NumPy 2.4.6 in float64: exp(x - max) / sum, with x = (q @ k.T)[row] * 0.5. */
const cases: [string, number, ScoreStep<Tensor>[], number[]][] = [
  [
    "a plain row",
    1,
    [softmax],
    [0.3362011175603434, 0.3362011175603434, 0.12368147924931351, 0.2039162856299997],
  ],
  [
    "a row that sees no later key",
    2,
    [{ kind: "causal", level: "last" }, softmax],
    [0.5922010701861591, 0.3591881057825386, 0.04861082403130227, 0],
  ],
  [
    "a window of two keys",
    2,
    [{ kind: "causal", level: "last" }, { kind: "window", size: 2 }, softmax],
    [0, 0.8807970779778823, 0.11920292202211755, 0],
  ],
  [
    "scores that are capped by tanh",
    0,
    [{ kind: "divide", by: 5 }, { kind: "tanh" }, { kind: "multiply", by: 5 }, softmax],
    [0.1182526943192132, 0.48944047559568105, 0.029119818017258218, 0.36318701206784737],
  ],
  [
    "a bias that is added",
    3,
    [{ kind: "add", term: ofKeys(0.1, -0.2, 0.3, 0.4) }, softmax],
    [0.1577280003341284, 0.07087175900241471, 0.19264941464719262, 0.5787508260162643],
  ],
  [
    "a sink of 1.5, which takes its share",
    0,
    [{ kind: "sink", term: 1.5 }, softmax],
    [0.07299053771059218, 0.5393311778346787, 0.01628639036868444, 0.3271208950956593],
  ],
];

describe("a row of weights that is computed again", () => {
  it.each(cases)("%s", (_, query, steps, expected) => {
    const found = row(query, steps);
    // The terms are stored as float32.
    expected.forEach((weight, key) => expect(found?.[key]).toBeCloseTo(weight, 7));
  });

  it("keeps scores where a choice says so, whichever way round", () => {
    const where = ofKeys(1, 0, 0, 1);
    const other = Number.NEGATIVE_INFINITY;
    const kept = row(1, [{ kind: "select", where, keepsZero: false, other }, softmax]);
    const rest = row(1, [{ kind: "select", where, keepsZero: true, other }, softmax]);
    expect(kept?.map((weight) => weight > 0)).toEqual([true, false, false, true]);
    expect(rest?.map((weight) => weight > 0)).toEqual([false, true, true, false]);
  });

  it("is none where every key is hidden", () => {
    const mask = ofKeys(0, 0, 0, 0);
    expect(row(1, [{ kind: "hide", mask, value: -10000 }, softmax])).toBeUndefined();
  });
});
