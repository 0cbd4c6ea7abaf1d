import { describe, expect, it } from "vitest";
import { verdictOf, type Verification, type VerifiedLayer } from "../../../src/core/verification";
import { verificationTable } from "../../../src/core/verificationTable";

const layer: VerifiedLayer = {
  block: "decoder",
  layer: 0,
  pattern: "matmul-softmax-matmul",
  nHeads: 2,
  nRows: 8,
  ofRows: 8,
  difference: 3e-7,
  worst: { head: 1, query: 2, key: 0 },
  tolerance: 1e-4,
};
const result = (...layers: VerifiedLayer[]): Verification => ({
  model: { id: "m", name: "M", source: "file", kind: "causal", nLayers: 1, nHeads: 2, hasTokenizer: false },
  nTokens: 4,
  precision: "float32",
  layers,
  notTaken: [],
  durationMs: 1,
});
const words = {
  block: "block",
  layer: "layer",
  rows: "rows",
  difference: "difference",
  output: "output",
  remark: "remark",
};

describe("a verification", () => {
  it("agrees where every layer is within what rounding explains", () => {
    expect(verdictOf(result(layer))).toBe("agrees");
  });

  it.each([0.2, Number.POSITIVE_INFINITY, Number.NaN])("differs where a layer is off by %d", (difference) => {
    expect(verdictOf(result(layer, { ...layer, difference }))).toBe("differs");
  });

  it("differs where the weights do not give what the heads passed on", () => {
    expect(verdictOf(result({ ...layer, outputDifference: 0.5 }))).toBe("differs");
  });

  it("is incomplete where a layer could not be computed, and says why in its line", () => {
    const none = { difference: undefined, worst: undefined, nRows: 0 };
    const partly = result(layer, { ...layer, ...none, layer: 1, missing: "q was not handed over" });
    expect(verdictOf(partly)).toBe("incomplete");
    expect(verificationTable(partly, words).split("\n")[2]).toMatch(
      /^decoder +1 +0\/8 +- +- +q was not handed over$/,
    );
  });

  it("says where it is off the most", () => {
    const [, line] = verificationTable(result({ ...layer, difference: 0.2 }), words).split("\n");
    expect(line).toContain("2.0e-1");
    expect(line).toContain("head 1, query 2, key 0");
  });
});
