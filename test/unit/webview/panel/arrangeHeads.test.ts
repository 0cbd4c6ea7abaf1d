import { describe, expect, it } from "vitest";
import type { BlockOfRun } from "../../../../src/core/run";
import type { HeadStatistics } from "../../../../src/protocol/slices";
import { arrangeHeads } from "../../../../webview/panel/arrangeHeads";

const layer = (number: number, nHeads: number, has: BlockOfRun["layers"][number]["has"] = ["weights"]) => ({
  layer: number,
  nHeads,
  nKeyHeads: nHeads,
  nQueries: 4,
  nKeys: 4,
  mask: { kind: "causal" as const },
  has,
});
const block: BlockOfRun = {
  kind: "decoder",
  queries: "source",
  keys: "source",
  layers: [layer(0, 2), layer(1, 3), layer(2, 2, [])],
};
const of = (number: number, head: number, values: Record<string, number>): HeadStatistics => ({
  address: { block: "decoder", layer: number, head },
  values,
});
const statistics = [
  of(0, 0, { previousToken: 0.9, entropy: 1 }),
  of(0, 1, { previousToken: 0.1, firstToken: 0.6, entropy: 3 }),
  of(1, 0, { previousToken: NaN, entropy: 2 }),
  of(1, 1, { previousToken: 0.5, entropy: 2 }),
  of(1, 2, { previousToken: 0.2, largest: 0.2, entropy: 3 }),
];
const names = (...given: Parameters<typeof arrangeHeads>) => arrangeHeads(...given).map(({ name }) => name);

describe("the list of heads", () => {
  it("goes by layer and head, each layer's mean behind its heads, layers without weights left out", () => {
    expect(names(block, statistics, "place", "", undefined)).toEqual([
      "L0 H0",
      "L0 H1",
      "L0 mean",
      "L1 H0",
      "L1 H1",
      "L1 H2",
      "L1 mean",
    ]);
  });

  it("goes by a statistic, largest first, what is not a number last, without means", () => {
    expect(names(block, statistics, "previousToken", "", undefined)).toEqual([
      "L0 H0",
      "L1 H1",
      "L1 H2",
      "L0 H1",
      "L1 H0",
    ]);
  });

  it("goes by place where no head has the statistic, or none has come yet", () => {
    expect(names(block, statistics, "induction", "", undefined)[0]).toBe("L0 H0");
    expect(names(block, undefined, "previousToken", "", undefined)).toHaveLength(7);
  });

  it("goes by distance from a head where that was asked for, whatever the order", () => {
    const similar = [
      { address: { block: "decoder" as const, layer: 1, head: 2 }, divergence: 0.1 },
      { address: { block: "decoder" as const, layer: 0, head: 0 }, divergence: 0.4 },
    ];
    const found = arrangeHeads(block, statistics, "entropy", "", similar);
    expect(found.map(({ name, divergence }) => [name, divergence])).toEqual([
      ["L1 H2", 0.1],
      ["L0 H0", 0.4],
    ]);
  });

  it("is filtered by name and by what heads do, in any case", () => {
    expect(names(block, statistics, "place", "l1 h", undefined)).toEqual(["L1 H0", "L1 H1", "L1 H2"]);
    expect(names(block, statistics, "place", " SINK", undefined)).toEqual(["L0 H1"]);
    expect(names(block, statistics, "place", "nothing like it", undefined)).toEqual([]);
  });

  it("says what each head does with its figure, and what a uniform head would have", () => {
    const uniform = { previousToken: 0.25 };
    const [first] = arrangeHeads(block, [{ ...statistics[0]!, uniform }], "place", "", undefined);
    expect(first).toMatchObject({
      description: "mostly the token before",
      figure: "0.900",
      uniform: "0.250",
    });
  });

  it("is empty without a block", () => {
    expect(arrangeHeads(undefined, statistics, "place", "", undefined)).toEqual([]);
  });
});
