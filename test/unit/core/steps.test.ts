import { describe, expect, it } from "vitest";
import {
  compareTensors,
  countNotFinite,
  productTerms,
  recompute,
  scaledProducts,
  valueTerms,
} from "../../../src/core/steps";
import { tensor } from "../../../src/core/tensor";
import { expectClose, golden, toTensor, type Nested } from "./golden";

interface Case {
  scores: Nested;
  weights: Nested;
  output: Nested;
}
const kept = golden<{
  q: Nested;
  k: Nested;
  v: Nested;
  product: Nested;
  causal: Case;
  relative: Case & { bias: Nested };
}>("steps");
const [q, k, v] = [toTensor(kept.q), toTensor(kept.k), toTensor(kept.v)];

function headOf(name: "causal" | "relative") {
  const { scores, weights, output } = kept[name];
  return { q, k, v, scores: toTensor(scores), weights: toTensor(weights), output: toTensor(output) };
}

describe("the stages of a head", () => {
  it("equal NumPy's for causal scaled dot-product attention", () => {
    const steps = recompute(headOf("causal"));
    expectClose(steps.product, kept.product);
    expect(steps.scale).toEqual({ value: 0.5, how: "inverse-root" });
    expect(steps.bias?.kind).toBe("mask");
    expectClose(steps.weights, kept.causal.weights);
    expectClose(steps.output, kept.causal.output);
    expect(steps.checks.scores!.nCompared).toBe(15);
    for (const check of Object.values(steps.checks)) {
      expect(check!.largestDifference).toBeLessThan(1e-6);
      expect(check!.nDisagreeing).toBe(0);
    }
  });

  it("gives the scaled products alone as it gives them among all stages", () => {
    for (const which of ["causal", "relative"] as const) {
      const all = headOf(which);
      expect(scaledProducts(all.q, all.k, all.scores)).toEqual(recompute(all).scaled);
    }
  });

  it("find that T5 has no scale and adds a bias by distance", () => {
    const steps = recompute(headOf("relative"));
    expect(steps.scale).toEqual({ value: 1, how: "one" });
    expect(steps.bias?.kind).toBe("relative");
    expectClose(steps.bias?.tensor, kept.relative.bias, 2e-6);
    expectClose(steps.output, kept.relative.output);
    expect(steps.checks.scores).toBeUndefined();
  });

  it("take the scale that the model gives without asking the scores", () => {
    const steps = recompute(headOf("causal"), { scale: 1 });
    expect(steps.scale).toEqual({ value: 1, how: "given" });
    expect(steps.bias?.kind).toBe("other");
  });

  it("say that the scale is assumed where nothing explains the scores", () => {
    const scores = toTensor([
      [3, 1, 4],
      [1, 5, 9],
      [2, 6, 5],
    ]);
    const three = (t: typeof q) => tensor([3, 4], t.data.slice(0, 12));
    expect(recompute({ q: three(q), k: three(k), scores })).toMatchObject({
      scale: { how: "assumed", value: 0.5 },
      bias: { kind: "other" },
    });
  });

  it("show a difference where the run holds something else", () => {
    const head = headOf("causal");
    head.weights.data[6]! += 0.25;
    const { weights } = recompute(head).checks;
    expect(weights!.largestDifference).toBeCloseTo(0.25, 5);
    expect(weights!.at).toBe(6);
  });

  it("are left out one by one where tensors are missing", () => {
    const { q, k, scores, v } = headOf("causal");
    expect(Object.keys(defined(recompute({})))).toEqual(["checks"]);
    expect(Object.keys(defined(recompute({ q, k })))).toEqual(["product", "scale", "scaled", "checks"]);
    expect(recompute({ q, k }).scale!.how).toBe("assumed");
    expect(Object.keys(defined(recompute({ scores })))).toEqual(["weights", "checks"]);
    expectClose(recompute({ scores, v }).output, kept.causal.output);
  });

  it("carry NaN and infinities through, and count them as disagreeing where the run has a number", () => {
    const head = headOf("causal");
    const broken = { ...head, q: tensor([5, 4], head.q.data.slice()) };
    broken.q.data[0] = NaN;
    broken.q.data[19] = Infinity;
    const steps = recompute(broken);
    expect(steps.product!.data[0]).toBeNaN();
    expect(countNotFinite(steps.product!)).toEqual({ nNaN: 5, nInfinite: 5 });
    expect(steps.bias!.kind).toBe("mask");
    expect(steps.checks.scores!.nDisagreeing).toBe(1 + 5);
    expect(steps.checks.weights!.largestDifference).toBeLessThan(1e-6);
  });

  it("give zeros for a fully masked row and NaN for a row with +inf", () => {
    const scores = tensor([3, 2], Float32Array.of(-Infinity, -Infinity, 0, Infinity, 1, 1));
    expect([...recompute({ scores }).weights!.data]).toEqual([0, 0, NaN, NaN, 0.5, 0.5]);
  });

  it("refuse tensors that do not belong together, naming the sizes", () => {
    expect(() => recompute({ q, k: tensor([5, 3], new Float32Array(15)) })).toThrow(
      "dimensions of q and k: 4, 3",
    );
    expect(() => recompute({ k, v: tensor([4, 3], new Float32Array(12)) })).toThrow("keys: 5, 4");
  });

  it("work on one query of many keys (values of another width than keys)", () => {
    const row = (nested: Nested) => toTensor([(nested as Nested[])[2]!]);
    const steps = recompute({
      q: row(kept.q),
      k,
      v,
      scores: row(kept.causal.scores),
      weights: row(kept.causal.weights),
    });
    expect(steps.bias!.kind).toBe("mask");
    expectClose(steps.output, [(kept.causal.output as Nested[])[2]!]);
  });
});

describe("the terms of one query", () => {
  it("sum to its products, dimension by dimension", () => {
    const terms = productTerms(q, k, 3);
    const product = toTensor(kept.product);
    for (let key = 0; key < 5; key++) {
      const sum = terms.data.subarray(key * 4, key * 4 + 4).reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(product.data[3 * 5 + key]!, 5);
    }
    expect(productTerms(toTensor([[1, 2]]), toTensor([[3, -4]]), 0).data).toEqual(Float32Array.of(3, -8));
  });

  it("sum to its output, key by key", () => {
    const terms = valueTerms(toTensor([[0.25, 0.75]]), toTensor([[4, 8, 0], [0, 4, -4]]), 0); // prettier-ignore
    expect([...terms.data]).toEqual([1, 2, 0, 0, 3, -3]);
  });
});

describe("a comparison with the run", () => {
  it("takes equal infinities and NaN against NaN as agreeing", () => {
    const a = tensor([4], Float32Array.of(NaN, -Infinity, Infinity, 1));
    const b = tensor([4], Float32Array.of(NaN, -Infinity, 3, 1.5));
    expect(compareTensors(a, b)).toEqual({ largestDifference: 0.5, at: 3, nCompared: 1, nDisagreeing: 1 });
  });
});

function defined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
