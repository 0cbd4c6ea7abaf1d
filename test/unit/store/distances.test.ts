import { describe, expect, it } from "vitest";
import type { LayerOfRun, RunSummary } from "../../../src/core/run";
import { tensor } from "../../../src/core/tensor";
import { distanceSlice } from "../../../src/store/distances";
import { storedRun } from "../../../src/store/storedRun";

function runOf(weights: number[][], n: number, mask: LayerOfRun["mask"]) {
  const info: LayerOfRun = {
    layer: 0,
    nHeads: weights.length,
    nKeyHeads: weights.length,
    nQueries: n,
    nKeys: n,
    mask,
    has: ["weights"],
  };
  const data = tensor([weights.length, n, n], Float32Array.from(weights.flat()));
  const summary = { runId: "r", tokens: [], blocks: [] } as unknown as RunSummary;
  return storedRun(summary, [{ block: "decoder", info, tensors: new Map([["weights", data]]) }]);
}

describe("mean weight over distance of a run", () => {
  it("covers only what a causal mask lets queries see", () => {
    const previous = [1, 0, 0, 1, 0, 0, 0, 1, 0];
    const self = [1, 0, 0, 0.5, 0.5, 0, 0.25, 0.25, 0.5];
    const slice = distanceSlice(runOf([previous, self], 3, { kind: "causal" }), "decoder");
    expect(slice).toMatchObject({ layers: [{ layer: 0, nHeads: 2 }], firstDistance: 0, nDistances: 3 });
    // Head 0: itself 1/3 (only the first token), one back 1, two back 0. Head 1: 2/3, 3/8, 1/4.
    const expected = [1 / 3, 1, 0, 2 / 3, 0.375, 0.25];
    slice.mean.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6));
  });

  it("covers both directions without a mask, and is computed once", () => {
    const run = runOf([[0.25, 0.75, 0.5, 0.5]], 2, { kind: "none" });
    const slice = distanceSlice(run, "decoder");
    expect([slice.firstDistance, ...slice.mean]).toEqual([-1, 0.75, 0.375, 0.5]);
    expect(distanceSlice(run, "decoder")).toBe(slice);
  });
});
