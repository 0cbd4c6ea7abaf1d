import { describe, expect, it } from "vitest";
import { recompute } from "../../../../src/core/steps";
import { makeFlow, flowColumns, strips } from "../../../../webview/views/steps/queryFlow";
import { stageTexts } from "../../../../webview/views/steps/stage";
import { stageMatrices } from "../../../../webview/views/steps/stageMatrices";
import { maskedCell } from "../../../../src/paint/heatmap";
import { html } from "lit-html";
import { golden, toTensor, type Nested } from "../../core/golden";

interface Kept {
  q: Nested;
  k: Nested;
  v: Nested;
  causal: { scores: Nested; weights: Nested; output: Nested };
}
const kept = golden<Kept>("steps");
const row = (nested: Nested, index: number) => toTensor([(nested as Nested[])[index]!]);
const query = 2;
const causal = (key: number) => key <= query;
const head = {
  q: row(kept.q, query),
  k: toTensor(kept.k),
  v: toTensor(kept.v),
  scores: row(kept.causal.scores, query),
  weights: row(kept.causal.weights, query),
  output: row(kept.causal.output, query),
};
const noStrip = () => html``;

describe("one query through the stages", () => {
  const flow = makeFlow(head, recompute(head), query, "position", causal);

  it("has a column for every stage of the formula, in its order", () => {
    expect(flowColumns(flow, noStrip).map(({ name }) => name)).toEqual(
      ["q ∘ k", "q · k", "scaled", "added", "score", "weight", "weight × v"], // prettier-ignore
    );
  });

  it("leaves out the columns whose tensors the run does not hold", () => {
    const { scores, weights } = head;
    const bare = makeFlow({ scores, weights }, recompute({ scores, weights }), query, "position", causal);
    expect(flowColumns(bare, noStrip).map(({ name }) => name)).toEqual(["score", "weight"]);
    const nothing = makeFlow({}, recompute({}), query, "position", causal);
    expect(nothing.keys).toEqual([]);
    expect(flowColumns(nothing, noStrip)).toEqual([]);
  });

  it("orders its keys by weight on request, the masked ones last", () => {
    const ordered = makeFlow(head, recompute(head), query, "weight", causal);
    const weights = ordered.keys.map((key) => head.weights.data[key]!);
    expect(weights).toEqual([...weights].sort((a, b) => b - a));
    expect(ordered.keys.slice(3)).toEqual([3, 4]);
  });

  it("scales the strips by what is visible: a masked key's large products do not dim the others", () => {
    const scale = (counts: (key: number) => boolean) => strips(toTensor([[1, -2], [50, 0]]), counts).scale; // prettier-ignore
    expect(scale((key) => key === 0)).toEqual({ kind: "signed", max: 2 });
    expect(scale(() => true)).toEqual({ kind: "signed", max: 50 });
  });
});

describe("all queries at once", () => {
  const all = {
    q: toTensor(kept.q),
    k: toTensor(kept.k),
    v: toTensor(kept.v),
    scores: toTensor(kept.causal.scores),
    weights: toTensor(kept.causal.weights),
    output: toTensor(kept.causal.output),
  };
  const matrices = stageMatrices(all, recompute(all), (q, k) => k <= q, true);

  it("are pictures in the order of the formula, each recomputed one with its check", () => {
    expect(matrices.map(({ title, check }) => `${title}${check ? " ✓" : ""}`)).toEqual(
      ["Q", "K", "Q Kᵀ", "scaled ✓", "mask", "scores", "weights ✓", "V", "output ✓"], // prettier-ignore
    );
  });

  it("hatch what is masked in scores, weights and mask, and not in the products, which the model computed", () => {
    const hatched = (title: string) =>
      [...matrices.find((matrix) => matrix.title === title)!.cells.codes].filter(
        (code) => code === maskedCell,
      ).length;
    expect(["Q Kᵀ", "scaled", "mask", "scores", "weights"].map(hatched)).toEqual([0, 0, 10, 10, 10]);
  });
});

describe("the terms of the formula", () => {
  it("name what was found in the run", () => {
    const { scale, bias } = recompute({ ...head });
    expect(stageTexts(4, scale, bias).map(({ term }) => term)).toEqual(
      ["Q Kᵀ", "/ √4", "+ mask", "softmax", "V", "concat", "W_O", "+ x"], // prettier-ignore
    );
    expect(stageTexts(4, { value: 1, how: "one" }, undefined)[1]!.term).toBe("× 1");
    expect(stageTexts(undefined, undefined, undefined)[1]!.term).toBe("/ √d_k");
  });
});
