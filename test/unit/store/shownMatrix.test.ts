import { describe, expect, it } from "vitest";
import type { LayerOfRun, MaskSummary, RunSummary } from "../../../src/core/run";
import { tensor } from "../../../src/core/tensor";
import { plainLayout } from "../../../src/core/tokenLayout";
import { marginalSlice, matrixSlice, meanRowSlice } from "../../../src/store/slices";
import { storedRun, type StoredRun } from "../../../src/store/storedRun";

/** One causal head over "<s> saw mill": the last two tokens are one word. */
const data = [1, 0, 0, 0.25, 0.75, 0, 0.5, 0.125, 0.375];

function runOf(mask: MaskSummary = { kind: "causal" }): StoredRun {
  const info: LayerOfRun = {
    layer: 0,
    nHeads: 1,
    nKeyHeads: 1,
    nQueries: 3,
    nKeys: 3,
    mask,
    has: ["weights"],
  };
  const tokens = [
    { id: 0, text: "", piece: "<s>", start: -1, end: -1, special: true },
    { id: 1, text: "saw", piece: "saw", start: 0, end: 3, special: false },
    { id: 2, text: "mill", piece: "mill", start: 3, end: 7, special: false },
  ];
  const summary = {
    runId: "r",
    tokens,
    blocks: [{ kind: "decoder", queries: "source", keys: "source", layers: [info] }],
  } as unknown as RunSummary;
  const weights = tensor([1, 3, 3], Float32Array.from(data));
  return storedRun(summary, [{ block: "decoder", info, tensors: new Map([["weights", weights]]) }]);
}

const head = { runId: "r", choice: { block: "decoder", layer: 0, head: 0 }, measure: "weights" } as const;
const byWord = { ...plainLayout, byWord: true };

describe("a matrix in cells of several tokens", () => {
  it("comes with the cells that are masked, read off the rule or the weights", () => {
    for (const mask of [{ kind: "causal" }, { kind: "other" }] as const) {
      const slice = matrixSlice(runOf(mask), { ...head, tokensPerCell: 1, withVisibility: true });
      expect([...slice.visible!]).toEqual([1, 0, 0, 1, 1, 0, 1, 1, 1]);
    }
    const pooled = matrixSlice(runOf(), { ...head, tokensPerCell: 2, withVisibility: true });
    expect(pooled).toMatchObject({ rows: 2, columns: 2 });
    expect([...pooled.data]).toEqual([1, 0, 0.5, 0.375]);
    expect([...pooled.visible!]).toEqual([1, 0, 1, 1]);
  });

  it("has a row and a column for each word when that is asked for, and windows count those", () => {
    const slice = matrixSlice(runOf(), { ...head, tokensPerCell: 1, layout: byWord, withVisibility: true });
    expect([...slice.data]).toEqual([1, 0, 0.375, 0.625]);
    expect([...slice.visible!]).toEqual([1, 0, 1, 1]);
    const window = { queryStart: 1, queryEnd: 2, keyStart: 0, keyEnd: 2 };
    expect([...matrixSlice(runOf(), { ...head, tokensPerCell: 1, layout: byWord, window }).data]).toEqual([
      0.375, 0.625,
    ]);
    const beyond = { ...window, queryEnd: 3 };
    expect(() => matrixSlice(runOf(), { ...head, layout: byWord, window: beyond })).toThrow(
      /not inside 2 x 2/,
    );
  });

  it("is sorted by what each token receives", () => {
    const layout = { ...plainLayout, order: "received" } as const;
    // Columns sum to 1.75, 0.875 and 0.375: the order of the text.
    expect([...matrixSlice(runOf(), { ...head, layout }).data]).toEqual(data);
    const hidden = { ...layout, hidesSpecial: true, byWord: false };
    expect([...matrixSlice(runOf(), { ...head, layout: hidden }).data]).toEqual([0.75, 0, 0.125, 0.375]);
  });
});

describe("sums and means", () => {
  it("are those of the layout that is shown", () => {
    expect([...marginalSlice(runOf(), head).columnSums]).toEqual([1.75, 0.875, 0.375]);
    expect([...marginalSlice(runOf(), { ...head, layout: byWord }).columnSums]).toEqual([1.375, 0.625]);
    const hidden = { ...plainLayout, hidesSpecial: true };
    expect([...marginalSlice(runOf(), { ...head, layout: hidden }).rowSums]).toEqual([0.75, 0.5]);
  });

  it("take several queries, and refuse ones that are not there", () => {
    expect([...meanRowSlice(runOf(), { ...head, queries: [0, 2] })]).toEqual([0.75, 0.0625, 0.1875]);
    expect(() => meanRowSlice(runOf(), { ...head, queries: [3] })).toThrow(/no query 3 among 3/);
    expect(() => meanRowSlice(runOf(), { ...head, queries: [] })).toThrow(/no query/);
  });
});
