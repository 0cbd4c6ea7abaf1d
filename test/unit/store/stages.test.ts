import { describe, expect, it } from "vitest";
import { maxPool } from "../../../src/core/pooling";
import type { LayerOfRun } from "../../../src/core/run";
import { recompute } from "../../../src/core/steps";
import type { Tensor } from "../../../src/core/tensor";
import { maskPicture } from "../../../src/store/maskPicture";
import { stagesSlice } from "../../../src/store/stages";
import { storedRun } from "../../../src/store/storedRun";
import { softmaxRows } from "../../../src/core/softmax";

const n = 10;
const d = 4;
const wave = (dims: number[], step: number): Tensor => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * step) * 2),
});
const [q, k, v] = [wave([n, d], 0.7), wave([n, d], 1.3), wave([n, d], 2.1)];
const { scaled } = recompute({ q, k });
const scores: Tensor = {
  dims: [n, n],
  data: scaled!.data.map((score, i) => (i % n > Math.floor(i / n) ? -Infinity : score)),
};
const weights = softmaxRows(scores);
const whole = { q, k, v, scores, weights };
const steps = recompute(whole);
const as3 = ({ dims, data }: Tensor): Tensor => ({ dims: [1, ...dims], data });
const info: LayerOfRun = {
  layer: 0,
  nHeads: 1,
  nKeyHeads: 1,
  nQueries: n,
  nKeys: n,
  mask: { kind: "causal" },
  has: ["weights", "scores", "q", "k", "v"],
};
const tensors = new Map(Object.entries(whole).map(([what, tensor]) => [what, as3(tensor)])) as never;
const run = storedRun({} as never, [{ block: "decoder", info, tensors }]);

function finished<T>(generator: Generator<void, T>): { value: T; yields: number } {
  for (let yields = 0; ; yields++) {
    const next = generator.next();
    if (next.done) return { value: next.value, yields };
  }
}
const address = { block: "decoder", layer: 0, head: 0 } as const;

describe("the stages of a head of any length", () => {
  it("are those of the whole head where nothing is pooled", () => {
    const { value } = finished(stagesSlice(run, address, { maxRows: 288, maxColumns: 288 }));
    expect(value).toMatchObject({ rows: n, columns: n, biasKind: "mask", scale: steps.scale });
    expect(value.product).toEqual(steps.product!.data);
    expect(value.scaled).toEqual(steps.scaled!.data);
    expect(value.bias).toEqual(steps.bias!.tensor.data);
    expect(value.checks).toEqual(steps.checks);
  });

  it("are pooled by the maximum, in parts, with checks over every cell", () => {
    const { value, yields } = finished(stagesSlice(run, address, { maxRows: 3, maxColumns: 4 }));
    expect(yields).toBe(3);
    const window = { queryStart: 0, queryEnd: n, keyStart: 0, keyEnd: n };
    expect(value.scaled).toEqual(maxPool(steps.scaled!.data, n, window, 3, 4));
    expect(value.checks.weights!.nCompared).toBe(n * n);
    expect(value.checks.scores!.nCompared).toBe((n * (n + 1)) / 2);
  });

  it("find a difference wherever it is", () => {
    const broken = weights.data.slice();
    broken[7 * n + 2]! += 0.25;
    const own = new Map(tensors as Map<string, Tensor>).set("weights", { dims: [1, n, n], data: broken });
    const other = storedRun({} as never, [{ block: "decoder", info, tensors: own as never }]);
    const { value } = finished(stagesSlice(other, address, { maxRows: 3, maxColumns: 4 }));
    expect(value.checks.weights).toMatchObject({ at: 7 * n + 2 });
    expect(value.checks.weights!.largestDifference).toBeCloseTo(0.25, 5);
  });
});

describe("a mask of any length", () => {
  it("is pooled so that what any query sees shows, with the keys of every query and its rules", () => {
    const picture = maskPicture(run, "decoder", 0, { maxRows: 5, maxColumns: 5 });
    expect(picture).toMatchObject({ nQueries: n, rows: 5, columns: 5, class: { kind: "causal" } });
    expect([...picture.perQuery]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const lower = Array.from({ length: 25 }, (_, i) => (i % 5 <= Math.floor(i / 5) ? 1 : 0));
    expect([...picture.visible]).toEqual(lower);
    expect(picture.parts.map(({ rule }) => rule)).toEqual(["causal"]);
    expect([...picture.parts[0]!.visible]).toEqual(lower);
  });
});
