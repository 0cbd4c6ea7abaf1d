import { describe, expect, it } from "vitest";
import { classifyMask } from "../../../../src/core/mask";
import type { LayerOfRun, MaskSummary } from "../../../../src/core/run";
import { keysSeenSentence, masksOfLayers, maskSentence } from "../../../../webview/views/mask/maskWords";

const mask = (...rows: string[]) =>
  classifyMask({
    nQueries: rows.length,
    nKeys: rows[0]!.length,
    visible: Uint8Array.from(rows.join(""), (cell) => (cell === "x" ? 1 : 0)),
  });
const layer = (index: number, summary: MaskSummary): LayerOfRun => ({
  layer: index,
  nHeads: 1,
  nKeyHeads: 1,
  nQueries: 4,
  nKeys: 4,
  mask: summary,
  has: ["weights"],
});

describe("a mask in words", () => {
  it.each([
    [mask("xx", "xx"), "No mask: every query sees every key."],
    [mask("x.", "xx"), "Causal: a query sees itself and every key before it, none after it."],
    [
      mask("...", ".x.", ".xx"),
      "Causal: a query sees itself and every key before it, none after it. Besides, 1 key is hidden from every query (padding).",
    ],
    [mask("x..", "xx.", ".xx"), "Sliding window: a query sees itself and at most 1 key before it."],
    [
      mask("xx..", "xxx.", ".xxx", "..xx"),
      "Sliding window: a query sees itself, at most 1 key before and 1 key after it.",
    ],
    [mask("x..", "x..", "x.."), "Padding: 2 keys are hidden from every query; all others are visible."],
    [mask("xx..", "xx..", "..xx", "..xx"), "Blocks: a query sees the keys of its own block only, of 2."],
    [
      mask("x..", ".x.", "x.x"),
      "No simple rule, but no query sees what is after it; the picture shows every cell.",
    ],
  ])("%#", (given, sentence) => {
    expect(maskSentence(given)).toBe(sentence);
  });

  it("puts neighbouring layers with equal masks together", () => {
    const causal = { kind: "causal" } as const;
    const window = { kind: "sliding", window: 128 } as const;
    expect(masksOfLayers([layer(0, causal), layer(1, causal), layer(2, window), layer(3, causal)])).toBe(
      "Layers 0 to 1 causal, layer 2 a window of 128, layer 3 causal",
    );
  });

  it("names the queries that see no key at all", () => {
    expect(keysSeenSentence(Uint32Array.of(0, 0, 3, 4), 4)).toBe(
      "Queries see 0 to 4 of 4 keys, 1.8 on average. 2 queries see no key at all (fully masked).",
    );
    expect(keysSeenSentence(Uint32Array.of(0, 0), 2)).toBe("Every query sees 0 of 2 keys.");
  });
});
