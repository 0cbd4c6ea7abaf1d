import { beforeAll, describe, expect, it } from "vitest";
import { recompute } from "../../../src/core/steps";
import type { StandaloneRun } from "../../../src/protocol/standalone";
import { engineRun, verified } from "../../support/engineRun";

let run: StandaloneRun;
beforeAll(async () => {
  run = await engineRun("dates-additive", "the 7th of May, 2019", "2019-05-07");
});

describe("additive scores of an embedded model", () => {
  it("come out of its terms as the model computed them, and give its weights and output", () => {
    const [{ layers, kind } = { layers: [], kind: "cross" }] = run.run.blocks;
    expect(kind).toBe("cross");
    expect(layers[0]!.additive).toEqual(["additiveQuery", "additiveKey", "additiveVector"]);
    const of = (what: string) => {
      const { dims, data } = run.tensors.find((tensor) => tensor.what === what)!;
      return { dims: dims.slice(-2), data };
    };
    const [q, k] = [of("additiveQuery"), of("additiveKey")];
    const head = { scores: of("scores"), weights: of("weights"), v: of("v"), output: of("output") };
    const steps = recompute({ ...head, additive: { q, k, v: of("additiveVector").data } });
    expect(head.scores.dims).toEqual([run.run.targetTokens!.length, run.run.tokens.length]);
    expect(steps.scale).toBeUndefined();
    expect(steps.bias!.kind).toBe("none");
    for (const check of [steps.checks.scores!, steps.checks.weights!, steps.checks.output!]) {
      expect(check.nDisagreeing).toBe(0);
      expect(check.nCompared).toBeGreaterThan(100);
      expect(check.largestDifference).toBeLessThan(2e-5);
    }
  });

  it("are computed again by Verify, as products are", async () => {
    const { layers } = await verified("dates-additive", "the 7th of May, 2019", "2019-05-07");
    expect(layers).toHaveLength(1);
    const [{ nRows, ofRows, difference, outputDifference, missing } = layers[0]!] = layers;
    expect(missing).toBeUndefined();
    expect([nRows, nRows]).toEqual([ofRows, run.run.targetTokens!.length]);
    expect(difference).toBeLessThan(1e-5);
    expect(outputDifference).toBeLessThan(1e-5);
  });

  it("are told apart from products: the models of the same task with dot products have no such terms", async () => {
    const scaled = await engineRun("dates-scaled", "1 May", "0");
    expect(scaled.run.blocks[0]!.layers[0]!.additive).toBeUndefined();
  });
});
