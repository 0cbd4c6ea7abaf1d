import { describe, expect, it } from "vitest";
import { blockFlowCost, flowCost, lineMeasure, mostFlowTokens } from "../../../src/core/measures/flowCost";
import { fitMeasure, measureLack, measureMask } from "../../../src/core/measures/measure";
import type { BlockOfRun, LayerOfRun, RunSummary } from "../../../src/core/run";
import { tensor } from "../../../src/core/tensor";
import { compareChoices, similarHeads } from "../../../src/store/comparison";
import { prepareMeasure } from "../../../src/store/measured";
import { matrixSlice, statistics, thumbnails, vectorSlices } from "../../../src/store/slices";
import { byteLengthOf, storedRun, type StoredLayer, type StoredRun } from "../../../src/store/storedRun";

const now = { pace: async () => {} };
const token = (id: number) => ({ id, text: "x", piece: "x", start: 0, end: 1, special: false });

function layerInfo(layer: number, nTokens: number, more: Partial<LayerOfRun> = {}): LayerOfRun {
  return {
    layer,
    nHeads: 2,
    nKeyHeads: 1,
    nQueries: nTokens,
    nKeys: nTokens,
    mask: { kind: "causal" },
    has: ["weights", "v"],
    projection: { has: ["projection"], around: [] },
    ...more,
  };
}

/** Two layers of two heads over two tokens. Both heads share one value head: lengths 5 and 1. */
function causalRun(): StoredRun {
  const infos = [layerInfo(0, 2), layerInfo(1, 2)];
  const summary = {
    runId: "r",
    tokens: [token(0), token(1)],
    blocks: [{ kind: "decoder", queries: "source", keys: "source", layers: infos }],
  } as unknown as RunSummary;
  // Head 0 looks at the first token, head 1 at itself: their mean is half and half.
  const weights = tensor([2, 2, 2], Float32Array.of(1, 0, 1, 0, 1, 0, 0, 1));
  const layers = infos.map((info): StoredLayer => ({
    block: "decoder",
    info,
    tensors: new Map([
      ["weights", weights],
      ["v", tensor([1, 2, 2], Float32Array.of(3, 4, 0, 1))],
      // Head 0 doubles what it reads, head 1 swaps and trebles it.
      ["projection", tensor([4, 2], Float32Array.of(2, 0, 0, 2, 0, 3, 3, 0))],
    ]),
  }));
  return storedRun(summary, layers);
}

const cells = (
  run: StoredRun,
  measure: Parameters<typeof prepareMeasure>[1],
  layer: number | "all",
  head: number | "mean" | "max",
) => matrixSlice(run, { runId: "r", measure, choice: { block: "decoder", layer, head } });

describe("weights times lengths", () => {
  it("by hand: a key whose value is 5 long counts 5 times, for both heads that share it", async () => {
    const run = causalRun();
    await prepareMeasure(run, "value-weighted", { block: "decoder" }, now);
    expect([...cells(run, "value-weighted", 0, 0).data]).toEqual([5, 0, 5, 0]);
    expect([...cells(run, "value-weighted", 0, 1).data]).toEqual([5, 0, 0, 1]);
    expect([...cells(run, "value-weighted", "all", "mean").data]).toEqual([5, 0, 2.5, 0.5]);
    expect([...cells(run, "value-weighted", 1, "max").data]).toEqual([5, 0, 5, 1]);
    expect(cells(run, "value-weighted", 0, 1).largest).toBe(5);
  });

  it("by hand: after an output projection of twice (three times) the length", async () => {
    const run = causalRun();
    await prepareMeasure(run, "norm-weighted", { block: "decoder" }, now);
    expect([...cells(run, "norm-weighted", 0, 0).data]).toEqual([10, 0, 10, 0]);
    expect([...cells(run, "norm-weighted", 0, 1).data]).toEqual([15, 0, 0, 3]);
  });

  it("give rows, columns, thumbnails and statistics of the same numbers", async () => {
    const run = causalRun();
    const block = "decoder" as const;
    await prepareMeasure(run, "value-weighted", { block }, now);
    const choices = [{ block, layer: 0, head: 1 }, { block, layer: 0, head: "mean" as const }]; // prettier-ignore
    const of = (axis: "query" | "key", index: number) =>
      vectorSlices(run, { runId: "r", choices, measure: "value-weighted", axis, index }).map((row) => [
        ...row,
      ]);
    expect(of("query", 1)).toEqual([[0, 1], [2.5, 0.5]]); // prettier-ignore
    expect(of("key", 0)).toEqual([[5, 0], [5, 2.5]]); // prettier-ignore
    const small = thumbnails(run, { runId: "r", block, size: 8, measure: "value-weighted" });
    expect(small.largest).toBe(5);
    // round(255 sqrt(1 / 5)) = 114
    expect([...small.data.subarray(4, 8)]).toEqual([255, 0, 0, 114]);
    // Each row's share: what head 1 moves at the second query comes from that token itself.
    expect(statistics(run, { block, measure: "value-weighted" })[1]!.values).toMatchObject({
      self: 1,
      previousToken: 0,
    });
  });
});

describe("rollout and flow of a run", () => {
  it("by hand: of the mean of the heads, up to the chosen layer, whatever head is chosen", async () => {
    const run = causalRun();
    await prepareMeasure(run, "rollout", { block: "decoder", layer: 1 }, now);
    expect([...cells(run, "rollout", 0, 1).data]).toEqual([1, 0, 0.25, 0.75]);
    expect([...cells(run, "rollout", 1, 0).data]).toEqual([1, 0, 0.4375, 0.5625]);
    expect([...cells(run, "rollout", "all", "mean").data]).toEqual([1, 0, 0.4375, 0.5625]);
  });

  it("by hand: flow, as a matrix and as one row or column of it", async () => {
    const run = causalRun();
    await prepareMeasure(
      run,
      "flow",
      { block: "decoder", layer: "all", line: { axis: "key", index: 0 } },
      now,
    );
    const choices = [{ block: "decoder" as const, layer: "all" as const, head: "mean" as const }];
    const column = () =>
      vectorSlices(run, { runId: "r", choices, measure: "flow", axis: "key", index: 0 })[0]!;
    expect([...column()]).toEqual([1, expect.closeTo(0.5, 6)]);
    expect(() => cells(run, "flow", 1, 0)).toThrow("was not computed");
    await prepareMeasure(run, "flow", { block: "decoder", layer: 1 }, now);
    expect([...cells(run, "flow", 1, 0).data]).toEqual([
      1,
      0,
      expect.closeTo(0.5, 6),
      expect.closeTo(0.75, 6),
    ]);
    expect([...column()]).toEqual([1, expect.closeTo(0.5, 6)]);
  });

  it("counts what it keeps into the run's bytes, and gives one thumbnail for each layer", async () => {
    const run = causalRun();
    const before = byteLengthOf(run);
    await prepareMeasure(run, "rollout", { block: "decoder" }, now);
    // Two matrices of four numbers, and the mean of each layer's heads.
    expect(byteLengthOf(run) - before).toBe(2 * 16 + 2 * 16);
    const small = thumbnails(run, { runId: "r", block: "decoder", size: 8, measure: "rollout" });
    expect(small.layers).toEqual([{ layer: 0, nHeads: 1 }, { layer: 1, nHeads: 1 }]); // prettier-ignore
    expect([...small.data]).toEqual([255, 0, 128, 221, 255, 0, 169, 191]);
  });

  it("ends when it is cancelled, and keeps nothing half done", async () => {
    const run = causalRun();
    const cancel = {
      pace: async () => {
        throw new Error("cancelled");
      },
    };
    await expect(prepareMeasure(run, "rollout", { block: "decoder" }, cancel)).rejects.toThrow("cancelled");
    expect(run.mixed.has("rollout decoder 1")).toBe(false);
  });
});

describe("what a model lacks", () => {
  const block = (...layers: LayerOfRun[]): BlockOfRun => ({
    kind: "decoder",
    queries: "source",
    keys: "source",
    layers,
  });

  it.each([
    ["value-weighted", { has: ["weights"] as const }, "the value vectors of layer 0 were not found"],
    ["norm-weighted", { projection: undefined }, "the output projection W_O of layer 0 is not known"],
    [
      "norm-weighted",
      { projection: { has: ["projection"], around: ["changed-before"] } },
      "a norm or a gate of layer 0 stands between",
    ],
    ["scores", {}, "the scores before softmax of layer 0 were not found"],
    ["rollout", { has: [] }, "the weights of layer 0 were not found, and every layer counts"],
    ["flow", { nKeys: 3 }, "layer 0 has 2 queries and 3 keys"],
  ] as const)("%s is named with the part that is not there", (measure, lacking, sentence) => {
    const lack = measureLack(block(layerInfo(0, 2, lacking), layerInfo(1, 2)), 0, measure);
    expect(lack).toContain(sentence);
    expect(fitMeasure(block(layerInfo(0, 2, lacking)), 0, measure)).toBe("weights");
  });

  it("rollout of cross-attention says why there is none", () => {
    const cross: BlockOfRun = { kind: "cross", queries: "target", keys: "source", layers: [layerInfo(0, 2)] };
    expect(measureLack(cross, 0, "rollout")).toContain("queries and keys of different texts");
  });

  it("is refused with the reason, the rest remains", async () => {
    const run = causalRun();
    for (const layer of run.summary.blocks[0]!.layers) Object.assign(layer, { has: ["weights"] });
    const prepared = prepareMeasure(run, "value-weighted", { block: "decoder" }, now);
    await expect(prepared).rejects.toThrow(
      "Value-weighted cannot be shown here: the value vectors of layer 0",
    );
    await prepareMeasure(run, "rollout", { block: "decoder" }, now);
    expect(cells(run, "rollout", 0, 0).data).toHaveLength(4);
  });

  it("a layer chain that looks past a window has no window of its own", () => {
    expect(measureMask({ kind: "sliding", reach: { back: 2, ahead: 0 } }, "rollout")).toEqual({
      kind: "causal",
    });
    expect(measureMask({ kind: "sliding", reach: { back: 2, ahead: 2 } }, "rollout")).toEqual({
      kind: "none",
    });
    expect(measureMask({ kind: "sliding", window: 3 }, "weights")).toEqual({ kind: "sliding", window: 3 });
  });
});

describe("the cost of flow", () => {
  it("counts the flows and the edges of their networks", () => {
    // Three tokens: windows of 1, 2, 3 from 3, 2, 1 pairs: 3 x 1 + 2 x 4 + 1 x 9.
    expect(flowCost(3, 2, true, "matrix")).toMatchObject({ nFlows: 6, nEdges: 2 * 20 });
    expect(flowCost(3, 2, true, "line")).toMatchObject({ nFlows: 3, nEdges: 2 * (1 + 4 + 9) });
    expect(flowCost(3, 2, false, "matrix")).toMatchObject({ nFlows: 9, nEdges: 2 * 81 });
  });

  it("is refused over a size, with the numbers and the way out", async () => {
    const most = mostFlowTokens(2, true, "matrix");
    const infos = [layerInfo(0, most + 1), layerInfo(1, most + 1)];
    const block: BlockOfRun = { kind: "decoder", queries: "source", keys: "source", layers: infos };
    expect(blockFlowCost(block, "all", "matrix").isAffordable).toBe(false);
    expect(blockFlowCost(block, 0, "matrix").isAffordable).toBe(true);
    expect(lineMeasure(block, "flow")).toBe("flow");
    const summary = { runId: "r", tokens: [], blocks: [block] } as unknown as RunSummary;
    const weights = tensor([2, most + 1, most + 1], new Float32Array(2 * (most + 1) ** 2));
    const layers = infos.map((info) => ({
      block: "decoder" as const,
      info,
      tensors: new Map([["weights" as const, weights]]),
    }));
    const nFlows = (((most + 1) * (most + 2)) / 2).toLocaleString("en");
    await expect(
      prepareMeasure(storedRun(summary, layers), "flow", { block: "decoder" }, now),
    ).rejects.toThrow(
      `Attention flow of ${most + 1} tokens through 2 layers takes ${nFlows} maximum flows, about 30 s; at most ${most} tokens are computed here. Select less, or look at rollout.`,
    );
  });
});

describe("a comparison", () => {
  it("is of the measure: lengths as they are, divergence of each row's shares", async () => {
    const run = causalRun();
    await prepareMeasure(run, "value-weighted", { block: "decoder" }, now);
    const side = (head: number) => ({ run, choice: { block: "decoder" as const, layer: 0, head } });
    const compared = compareChoices(side(0), side(1), 8, "value-weighted");
    expect(compared).toMatchObject({ measure: "value-weighted", top: 5 });
    // Head 0 moves 5 from the first token, head 1 moves 1 from the second: disjoint shares, one bit apart.
    expect([...compared.difference]).toEqual([0, 0, 5, -1]);
    expect([...compared.divergence]).toEqual([0, 1]);
  });
});

describe("heads like one", () => {
  it("by hand: which is nearest depends on whether weights or what they move is compared", async () => {
    const info = layerInfo(0, 2, { nHeads: 3, nKeyHeads: 3, mask: { kind: "none" } });
    const summary = {
      runId: "r",
      tokens: [token(0), token(1)],
      blocks: [{ kind: "encoder", queries: "source", keys: "source", layers: [info] }],
    } as unknown as RunSummary;
    const run = storedRun(summary, [
      {
        block: "encoder",
        info,
        tensors: new Map([
          // Heads 0 and 2 look at both tokens alike, head 1 thrice as much at the second.
          [
            "weights",
            tensor(
              [3, 2, 2],
              Float32Array.of(0.5, 0.5, 0.5, 0.5, 0.25, 0.75, 0.25, 0.75, 0.5, 0.5, 0.5, 0.5),
            ),
          ],
          // Values of head 0: the second is thrice as long; of the others all are 1 long.
          ["v", tensor([3, 2, 1], Float32Array.of(1, 3, 1, 1, 1, 1))],
        ]),
      },
    ]);
    await prepareMeasure(run, "value-weighted", { block: "encoder" }, now);
    const near = (measure: "weights" | "value-weighted") =>
      similarHeads(run, { block: "encoder", layer: 0, head: 0 }, measure).map(({ address, divergence }) => [
        address.head,
        Number(divergence.toFixed(4)),
      ]);
    // Jensen-Shannon of (1/4, 3/4) and (1/2, 1/2): H(3/8, 5/8) - (H(1/4, 3/4) + 1) / 2 = 0.9544 - 0.9056.
    expect(near("weights")).toEqual([
      [2, 0],
      [1, 0.0488],
    ]);
    expect(near("value-weighted")).toEqual([
      [1, 0],
      [2, 0.0488],
    ]);
  });
});
