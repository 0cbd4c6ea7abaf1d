import { describe, expect, it } from "vitest";
import type { BlockOfRun, RunSummary } from "../../../src/core/run";
import { tensor } from "../../../src/core/tensor";
import { keyHeads } from "../../../src/store/keyHeads";
import { storedRun } from "../../../src/store/storedRun";

/** Heads given by their rows, in one layer over n tokens. */
function runOf(heads: number[][][], keys: "source" | "target" = "source") {
  const [nQueries, nKeys] = [heads[0]!.length, heads[0]![0]!.length];
  const info = {
    layer: 4,
    nHeads: heads.length,
    nKeyHeads: heads.length,
    nQueries,
    nKeys,
    mask: { kind: "causal" as const },
    has: ["weights" as const],
  };
  const block: BlockOfRun = { kind: "decoder", queries: "source", keys, layers: [info] };
  const data = Float32Array.from(heads.flat(2));
  return storedRun({ blocks: [block] } as unknown as RunSummary, [
    {
      block: "decoder",
      info,
      tensors: new Map([["weights", tensor([heads.length, nQueries, nKeys], data)]]),
    },
  ]);
}
const head = (number: number) => ({ block: "decoder", layer: 4, head: number });
// Worked out by hand: queries 1 and 2 may see key 0, query 2 alone key 1, none but itself key 2.
const run = runOf([
  [[1, 0, 0], [0.5, 0.5, 0], [0.25, 0.25, 0.5]],
  [[1, 0, 0], [1, 0, 0], [0, 1, 0]],
]); // prettier-ignore

describe("the heads for which a token matters most", () => {
  it("are those with the largest mean weight on it over the other queries that may see it", () => {
    expect(keyHeads(run, "decoder", 0, 3)).toEqual([
      { address: head(1), weight: 0.5 },
      { address: head(0), weight: 0.375 },
    ]);
    expect(keyHeads(run, "decoder", 1, 1)).toEqual([{ address: head(1), weight: 1 }]);
  });

  it("are none where no other query sees it", () => {
    expect(keyHeads(run, "decoder", 2, 3)).toEqual([]);
  });

  it("count the query of the same number too where keys are another text", () => {
    const cross = runOf([[[0.25, 0.75], [0.5, 0.5]]], "target"); // prettier-ignore
    expect(keyHeads(cross, "decoder", 0, 3)).toEqual([{ address: head(0), weight: 0.375 }]);
  });

  it("are refused for a key that is not there", () => {
    expect(() => keyHeads(run, "decoder", 3, 1)).toThrow("there is no key 3 among 3");
  });
});
