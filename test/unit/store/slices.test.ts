import { describe, expect, it } from "vitest";
import type { LayerOfRun, RunSummary } from "../../../src/core/run";
import { tensor } from "../../../src/core/tensor";
import { visibleKeys } from "../../../src/store/layerMask";
import { RunStore } from "../../../src/store/runStore";
import {
  headVectorSlice,
  maskSlice,
  matrixSlice,
  statistics,
  thumbnails,
  vectorSlices,
} from "../../../src/store/slices";
import { storedRun, type StoredLayer, type StoredRun } from "../../../src/store/storedRun";

const token = (id: number) => ({ id, text: "x", piece: "x", start: 0, end: 1, special: false });

/** A run of one block with the given layers, each [nHeads, n, n] row-major. */
function runOf(runId: string, n: number, layers: number[][], nHeads = 2): StoredRun {
  const infos = layers.map((_, layer): LayerOfRun => ({
    layer,
    nHeads,
    nKeyHeads: nHeads,
    nQueries: n,
    nKeys: n,
    mask: { kind: "none" },
    has: ["weights"],
  }));
  const summary = {
    runId,
    tokens: Array.from({ length: n }, (_, i) => token(i)),
    blocks: [{ kind: "decoder", queries: "source", keys: "source", layers: infos }],
  } as unknown as RunSummary;
  const stored = layers.map((data, layer): StoredLayer => ({
    block: "decoder",
    info: infos[layer]!,
    tensors: new Map([["weights", tensor([nHeads, n, n], Float32Array.from(data))]]),
  }));
  return storedRun(summary, stored);
}

// Two layers of two heads over two tokens.
const run = () =>
  runOf("r", 2, [
    [1, 0, 0.5, 0.5, 0.25, 0.75, 0, 1],
    [0, 1, 1, 0, 0.5, 0.5, 0.25, 0.75],
  ]);
const whole = { runId: "r", measure: "weights" } as const;

describe("slices of a run", () => {
  it("give one head as an exact copy, not the run's buffer", () => {
    const slice = matrixSlice(run(), { ...whole, choice: { block: "decoder", layer: 1, head: 1 } });
    expect([...slice.data]).toEqual([0.5, 0.5, 0.25, 0.75]);
    expect(slice.data.buffer.byteLength).toBe(16);
    expect(slice).toMatchObject({ queryStart: 0, queryEnd: 2, keyStart: 0, keyEnd: 2, rows: 2, columns: 2 });
  });

  it("give mean and maximum over a layer's heads and over all layers", () => {
    const of = (layer: number | "all", head: "mean" | "max") => [
      ...matrixSlice(run(), { ...whole, choice: { block: "decoder", layer, head } }).data,
    ];
    expect(of(0, "mean")).toEqual([0.625, 0.375, 0.25, 0.75]);
    expect(of(0, "max")).toEqual([1, 0.75, 0.5, 1]);
    expect(of("all", "mean")).toEqual([0.4375, 0.5625, 0.4375, 0.5625]);
    expect(of("all", "max")).toEqual([1, 1, 1, 1]);
  });

  it("give a window, pooled to what was asked for", () => {
    const choice = { block: "decoder", layer: 0, head: 0 } as const;
    const window = { queryStart: 1, queryEnd: 2, keyStart: 0, keyEnd: 2 };
    expect([...matrixSlice(run(), { ...whole, choice, window }).data]).toEqual([0.5, 0.5]);
    const pooled = matrixSlice(run(), { ...whole, choice, maxRows: 1, maxColumns: 1 });
    expect(pooled).toMatchObject({ rows: 1, columns: 1, queryEnd: 2, keyEnd: 2 });
    expect([...pooled.data]).toEqual([1]);
  });

  it("give rows and columns for several choices", () => {
    const choices = [
      { block: "decoder", layer: 0, head: 1 },
      { block: "decoder", layer: "all", head: "mean" },
    ] as const;
    const vectors = (axis: "query" | "key") =>
      vectorSlices(run(), { ...whole, choices: [...choices], axis, index: 1 }).map((vector) => [...vector]);
    expect(vectors("query")).toEqual([
      [0, 1],
      [0.4375, 0.5625],
    ]);
    expect(vectors("key")).toEqual([
      [0.75, 1],
      [0.5625, 0.5625],
    ]);
  });

  it("give a layer's mean over its heads as one thumbnail, its strongest cell with that root", () => {
    const mean = matrixSlice(run(), {
      runId: "r",
      choice: { block: "decoder", layer: 0, head: "mean" },
      measure: "weights",
    });
    const { rows, columns, data } = thumbnails(run(), {
      runId: "r",
      block: "decoder",
      size: 96,
      of: "means",
    });
    expect([rows, columns]).toEqual([mean.rows, mean.columns]);
    expect(data.length % (rows * columns)).toBe(0);
    const first = data.subarray(0, rows * columns);
    expect(Math.max(...first)).toBe(Math.round(255 * Math.sqrt(Math.max(...mean.data))));
  });

  it("give thumbnails of every head in order, as bytes of the root", () => {
    const { rows, columns, layers, data } = thumbnails(run(), { runId: "r", block: "decoder", size: 96 });
    expect([rows, columns, layers.length]).toEqual([2, 2, 2]);
    // 255 * sqrt(0.5) = 180.3, sqrt(0.25) -> 127.5, sqrt(0.75) -> 220.8.
    expect([...data]).toEqual([255, 0, 180, 180, 128, 221, 0, 255, 0, 255, 255, 0, 180, 180, 128, 221]);
  });

  it("give statistics of every head, computed once", () => {
    const stored = run();
    const first = statistics(stored, { block: "decoder" });
    expect(first.map(({ address }) => [address.layer, address.head])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    expect(first[2]!.values).toMatchObject({ self: 0, previousToken: 1, entropy: 0 });
    expect(statistics(stored, { block: "decoder" })).toBe(first);
  });

  it("give k of the key head that serves a query head", () => {
    const stored = runOf("r", 1, [[1, 1, 1, 1]], 4);
    stored.layers[0]!.tensors.set("k", tensor([2, 1, 3], Float32Array.from([1, 2, 3, 4, 5, 6])));
    const of = (head: number) => [...headVectorSlice(stored, { block: "decoder", layer: 0, head }, "k").data];
    expect([0, 1, 2, 3].map(of)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [4, 5, 6],
      [4, 5, 6],
    ]);
  });

  it("give the mask of a layer", () => {
    expect([...maskSlice(run(), { block: "decoder", layer: 1 }).visible]).toEqual([1, 1, 1, 1]);
  });

  it("give some rows of a mask, the holes of a causal one filled as in the whole", () => {
    // Two heads over three tokens; the last query's weight on key 1 vanished in both.
    const head = [1, 0, 0, 0.5, 0.5, 0, 0.5, 0, 0.5];
    const weights = tensor([2, 3, 3], Float32Array.from([...head, ...head]));
    const rows = (kind: "causal" | "other", queryStart: number, queryEnd: number) => [
      ...visibleKeys(weights, { kind }, { queryStart, queryEnd }),
    ];
    expect(rows("causal", 1, 3)).toEqual([1, 1, 0, 1, 1, 1]);
    expect(rows("other", 2, 3)).toEqual([1, 0, 1]);
    const cut = maskSlice(run(), { block: "decoder", layer: 1, queryStart: 1, queryEnd: 9 });
    expect(cut).toMatchObject({ queryStart: 1, queryEnd: 2, nKeys: 2 });
    expect([...cut.visible]).toEqual([1, 1]);
  });

  it.each([
    [{ block: "encoder", layer: 0, head: 0 }, "no encoder"],
    [{ block: "decoder", layer: 2, head: 0 }, "no layer 2"],
    [{ block: "decoder", layer: 0, head: 2 }, "no head 2"],
    [{ block: "decoder", layer: 0, head: -1 }, "no head -1"],
    [{ block: "decoder", layer: 0, head: 0.5 }, "no head 0.5"],
    [{ block: "decoder", layer: "all", head: 0 }, "single layer"],
  ] as const)("refuse what is not there: %j", (choice, reason) => {
    expect(() => matrixSlice(run(), { ...whole, choice })).toThrow(reason);
  });

  it.each([
    { queryStart: 0, queryEnd: 3, keyStart: 0, keyEnd: 1 },
    { queryStart: 1, queryEnd: 1, keyStart: 0, keyEnd: 1 },
    { queryStart: 0, queryEnd: 1, keyStart: -1, keyEnd: 1 },
    { queryStart: 0, queryEnd: 1, keyStart: 0, keyEnd: NaN },
  ])("refuse a window outside the run: %j", (window) => {
    const choice = { block: "decoder", layer: 0, head: 0 } as const;
    expect(() => matrixSlice(run(), { ...whole, choice, window })).toThrow("not inside");
  });

  it("say that scores were not captured", () => {
    const choice = { block: "decoder", layer: 0, head: 0 } as const;
    expect(() => matrixSlice(run(), { runId: "r", measure: "scores", choice })).toThrow(
      "scores of decoder layer 0",
    );
  });
});

describe("the store", () => {
  // Each run holds 2 x 2 x 2 x 4 = 32 bytes of weights.
  const small = (runId: string) => runOf(runId, 2, [[1, 0, 0, 1, 1, 0, 0, 1]]);

  it("lets the oldest runs go when the budget is full", () => {
    const store = new RunStore(70);
    for (const runId of ["a", "b", "c"]) store.add(small(runId));
    expect(() => store.get("a")).toThrow("no longer in memory");
    expect(store.get("b").summary.runId).toBe("b");
    expect(store.byteLength).toBe(64);
  });

  it("never lets the newest go, however small the budget", () => {
    const store = new RunStore(1);
    store.add(small("a"));
    store.add(small("b"));
    expect(store.get("b").summary.runId).toBe("b");
    expect(() => store.get("a")).toThrow();
  });

  it("evicts when the budget shrinks or a run has grown, and forgets what is released", () => {
    const store = new RunStore(100);
    const [a, b] = [small("a"), small("b")];
    store.add(a);
    store.add(b);
    b.layers[0]!.tensors.set("scores", tensor([2, 5, 2], new Float32Array(20)));
    store.evict();
    expect(() => store.get("a")).toThrow();
    store.setBudget(1);
    store.release("b");
    expect(() => store.get("b")).toThrow();
    store.release("never there");
    expect(store.byteLength).toBe(0);
  });
});
