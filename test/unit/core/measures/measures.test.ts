import { describe, expect, it } from "vitest";
import { attentionFlow } from "../../../../src/core/measures/flow";
import { normaliseRows, normWeighted, valueWeighted } from "../../../../src/core/measures/normWeighted";
import { rollout, withResidual } from "../../../../src/core/measures/rollout";
import { tensor } from "../../../../src/core/tensor";
import { expectClose, golden, toTensor, type Nested } from "../golden";

const kept = golden<{
  weights: Nested;
  v: Nested;
  wOutput: Nested;
  valueWeighted: Nested;
  normWeighted: Nested;
  layers: Nested[];
  rollout: Nested[];
  flow: number[][];
}>("measures");
const layers = kept.layers.map(toTensor);
/** Token 1 looks half at token 0, half at itself; with the residual counted in: a quarter and three quarters. */
const half = toTensor([[1, 0], [0.5, 0.5]]); // prettier-ignore

describe("weights that count what is moved", () => {
  const [weights, v, wOutput] = [toTensor(kept.weights), toTensor(kept.v), toTensor(kept.wOutput)];
  it("equal NumPy's with the length of the value", () =>
    expectClose(valueWeighted(weights, v), kept.valueWeighted));
  it("equal NumPy's with the length after the output projection", () =>
    expectClose(normWeighted(weights, v, wOutput), kept.normWeighted, 2e-6));

  it("by hand: a value of length 5 through an identity counts 5 times its weight", () => {
    const identity = toTensor([[1, 0], [0, 1]]); // prettier-ignore
    const values = toTensor([[3, 4], [0, 0]]); // prettier-ignore
    const equal = toTensor([[0.5, 0.5]]);
    expectClose(valueWeighted(equal, values), [[2.5, 0]]);
    expectClose(normWeighted(equal, values, identity), [[2.5, 0]]);
    expectClose(normaliseRows(toTensor([[3, 1], [0, 0]])), [[0.75, 0.25], [0, 0]]); // prettier-ignore
  });

  it("are refused where values or projection do not fit", () => {
    expect(() => valueWeighted(weights, toTensor([[1, 2]]))).toThrow("4 keys in the weights and 1 values");
    expect(() => normWeighted(weights, v, toTensor([[1, 2]]))).toThrow("1 rows for values of 3");
  });
});

describe("rollout", () => {
  it("by hand: two layers of the half-looking head", () => {
    const [first, second] = rollout([half, half]);
    expectClose(first, [[1, 0], [0.25, 0.75]]); // prettier-ignore
    expectClose(second, [[1, 0], [0.4375, 0.5625]]); // prettier-ignore
  });

  it("equals the paper's equation in NumPy after each layer", () => {
    rollout(layers).forEach((result, layer) => expectClose(result, kept.rollout[layer]!));
  });

  it("leaves a fully masked token with itself", () => {
    expectClose(withResidual([toTensor([[0, 0], [0.5, 0.5]])])[0], [[1, 0], [0.25, 0.75]]); // prettier-ignore
  });

  it("refuses cross-attention", () => {
    expect(() => rollout([tensor([1, 2], Float32Array.of(1, 0))])).toThrow(
      "as many queries as keys: not 1 and 2",
    );
  });
});

describe("attention flow", () => {
  it("by hand: to token 0 a quarter over each of two ways, to itself the narrowest edge", () => {
    // 1 -> 0 (1/4) -> 0 (1), and 1 -> 1 (3/4) -> 0 (1/4): 1/2. 1 -> 1 (3/4) -> 1 (3/4): 3/4.
    expect([...attentionFlow([half, half], 1)]).toEqual([expect.closeTo(0.5, 6), expect.closeTo(0.75, 6)]);
    expect([...attentionFlow([half, half], 0)]).toEqual([1, 0]);
  });

  it("by hand: adds up the ways through different tokens", () => {
    const lower = toTensor([[1, 0, 0], [1, 0, 0], [0, 1, 0]]); // prettier-ignore
    const upper = toTensor([[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0]]); // prettier-ignore
    // Residual: upper 2 -> 0 1/4, 2 -> 1 1/4, 2 -> 2 1/2; lower 0 -> 0 1, 1 -> 0 1/2, 2 -> 1 1/2.
    expect(attentionFlow([lower, upper], 2)[0]).toBeCloseTo(0.5, 6);
    expect(attentionFlow([lower, upper], 2)[1]).toBeCloseTo(0.25 + 0.5, 6);
  });

  it("equals the linear program's maximum for every pair over three layers", () => {
    kept.flow.forEach((row, query) => {
      attentionFlow(layers, query).forEach((value, key) => expect(value).toBeCloseTo(row[key]!, 6));
    });
  });
});
