import { describe, expect, it } from "vitest";
import { recompute } from "../../../../src/core/steps";
import { makeFlow, flowColumns, strips } from "../../../../webview/views/steps/queryFlow";
import { maskReason } from "../../../../webview/views/steps/maskReason";
import { stageTexts } from "../../../../webview/views/steps/stage";
import { stageMatrices, wholeStages } from "../../../../webview/views/steps/stageMatrices";
import { maskedCell } from "../../../../src/paint/heatmap";
import { html } from "lit-html";
import { golden, toTensor, type Nested } from "../../core/golden";

interface Kept {
  q: Nested;
  k: Nested;
  v: Nested;
  causal: { scores: Nested; weights: Nested; output: Nested };
  relative: { bias: Nested; scores: Nested };
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
      ["q ∘ k", "q · k", "scaled", "mask", "score", "weight", "weight × v"], // prettier-ignore
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
  const matrices = stageMatrices(wholeStages(all, recompute(all)), (q, k) => k <= q, true);

  it("are pictures in the order of the formula, each recomputed one with its check", () => {
    expect(matrices.map(({ title, check }) => `${title}${check ? " ✓" : ""}`)).toEqual(
      ["Q", "K", "Q Kᵀ", "scaled ✓", "causal mask", "scores", "weights ✓", "V", "output ✓"], // prettier-ignore
    );
  });

  it("hatch what is masked in scores, weights and mask, and not in the products, which the model computed", () => {
    const hatched = (title: string) =>
      [...matrices.find((matrix) => matrix.title === title)!.cells.codes].filter(
        (code) => code === maskedCell,
      ).length;
    expect(["Q Kᵀ", "scaled", "causal mask", "scores", "weights"].map(hatched)).toEqual([0, 0, 10, 10, 10]);
  });
});

describe("a bias and a mask that were added together", () => {
  // T5's decoder: no scale, a bias by distance, causal; with the first key hidden as padding.
  const { data: scores } = toTensor(kept.relative.scores);
  const hides = (query: number, key: number) => key > query || key === 0;
  const masked = scores.map((score, i) => (hides(Math.floor(i / 5), i % 5) ? -Infinity : score));
  const all = { q: toTensor(kept.q), k: toTensor(kept.k), scores: { dims: [5, 5], data: masked } };
  const steps = recompute(all);

  it("become a picture each: the bias, the causal mask, the padding", () => {
    expect(steps.scale).toEqual({ value: 1, how: "one" });
    const matrices = stageMatrices(wholeStages(all, steps), (q, k) => !hides(q, k), true);
    expect(matrices.filter(({ stage }) => stage === "bias").map(({ title }) => title)).toEqual(
      ["relative bias", "causal mask", "padding mask"], // prettier-ignore
    );
    const bias = matrices.find(({ title }) => title === "relative bias")!;
    const expected = toTensor(kept.relative.bias);
    expect(bias.cells.codes[3 * 5 + 0]).toBe(maskedCell);
    expect(bias.tensor.data[3 * 5 + 2]).toBeCloseTo(expected.data[3 * 5 + 2]!, 5);
  });

  it("become a column each, with the rule that hides a key", () => {
    const one = { q: row(kept.q, 2), k: all.k, scores: { dims: [1, 5], data: masked.subarray(10, 15) } };
    const flow = makeFlow(one, recompute(one, { scale: 1 }), 2, "position", (key) => !hides(2, key), {
      biasKind: "relative",
      maskReason: (key) => (key > 2 ? "causal" : "padding"),
    });
    expect(flowColumns(flow, noStrip).map(({ name }) => name)).toEqual(
      ["q ∘ k", "q · k", "scaled", "bias", "mask", "score", "weight"], // prettier-ignore
    );
  });
});

describe("a query that sees no key", () => {
  // Scores all -Infinity; PyTorch 1.13 softmax gives NaN there, models that guard against it give weights of 0.
  const hidden = { dims: [1, 5], data: new Float32Array(5).fill(-Infinity) };
  const blind = { ...head, scores: hidden, weights: { dims: [1, 5], data: new Float32Array(5) } };
  const flow = makeFlow(blind, recompute(blind, { scale: 0.5 }), query, "weight", () => false);

  it("keeps every key in its order and gives nothing to the output", () => {
    expect(flow.keys).toEqual([0, 1, 2, 3, 4]);
    expect([...flow.values!.tensor.data].every((value) => value === 0)).toBe(true);
    expect(flow.bias!.every((value) => value === -Infinity)).toBe(true);
    expect(flowColumns(flow, noStrip).map(({ name }) => name)).toContain("mask");
  });

  it("is hatched as a whole row among the others, whose scale it leaves alone", () => {
    const scores = toTensor(kept.causal.scores);
    const rows = (data: Float32Array) => {
      const all = { q: toTensor(kept.q), k: toTensor(kept.k), scores: { dims: [5, 5], data } };
      const sees = (row: number, key: number) => key <= row && data[row * 5] !== -Infinity;
      return stageMatrices(wholeStages(all, recompute(all)), sees, true).find(
        ({ title }) => title === "scores",
      )!;
    };
    const masked = rows(scores.data.map((score, cell) => (cell < 5 ? -Infinity : score)));
    const codes = [...masked.cells.codes];
    expect(codes.slice(0, 5)).toEqual(new Array(5).fill(maskedCell));
    expect(codes.slice(20, 25)).toEqual([...rows(scores.data).cells.codes].slice(20, 25));
  });
});

describe("a head whose values are longer than its keys", () => {
  const nKeys = 5;
  const v = { dims: [nKeys, 7], data: Float32Array.from({ length: nKeys * 7 }, (_, i) => i) };
  const wide = { q: head.q, k: head.k, scores: head.scores, weights: head.weights, v };

  it("has strips of each length, and an output as long as its values", () => {
    const flow = makeFlow(wide, recompute(wide), query, "position", causal);
    const dKey = head.k.dims[1]!;
    expect(dKey).not.toBe(7);
    expect(flow.terms!.rows.map(({ columns }) => columns)).toEqual(new Array(nKeys).fill(dKey));
    expect(flow.values!.rows.map(({ columns }) => columns)).toEqual(new Array(nKeys).fill(7));
    expect(flow.output!.tensor.dims).toEqual([1, 7]);
  });

  it("is refused where its keys are not as long as its queries", () => {
    const k = { dims: [nKeys, 3], data: new Float32Array(nKeys * 3) };
    expect(() => recompute({ q: head.q, k })).toThrow(RangeError);
  });
});

describe("the rule that hides a key", () => {
  const layer = { layer: 0, nHeads: 1, nKeyHeads: 1, nQueries: 4, nKeys: 4, has: [] } as const;
  it.each([
    [{ kind: "causal" }, 1, 3, "causal"],
    [{ kind: "causal" }, 3, 0, "padding"],
    [{ kind: "sliding", window: 2 }, 3, 0, "window"],
    [{ kind: "sliding", window: 2 }, 1, 2, "causal"],
    [{ kind: "padding" }, 1, 3, "padding"],
    [{ kind: "other" }, 1, 3, "masked"],
  ] as const)("%o hides key %#", (mask, query, key, reason) => {
    expect(maskReason({ ...layer, mask }, query, key)).toBe(reason);
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
