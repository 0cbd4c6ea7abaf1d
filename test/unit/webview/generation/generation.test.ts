import { describe, expect, it } from "vitest";
import type { Token } from "../../../../src/core/token";
import type { TokenPrediction } from "../../../../src/protocol/generation";
import { targetSteps } from "../../../../webview/views/encoderDecoder/targetSteps";
import { lensStart } from "../../../../webview/views/generation/generationData";

const token = (text: string): Token => ({ id: 1, text, piece: text, start: -1, end: -1, special: false });
const prediction = (index: number, text: string): TokenPrediction => ({
  index,
  likely: [{ id: 7, text, probability: 0.9 }],
});

describe("the window of the lens", () => {
  it.each([
    ["begins at the first row that wrote a token", 8, 8, 40, 10, 8],
    ["stays while the query walks within it", 17, 8, 40, 10, 8],
    ["moves on by its width", 18, 8, 40, 10, 18],
    ["ends with the text", 39, 8, 40, 10, 30],
    ["holds a query before the written part in its middle", 6, 20, 40, 10, 1],
    ["begins with the text where that is short", 2, 2, 3, 10, 0],
  ])("%s", (_, query, first, nTokens, width, start) => {
    expect(lensStart(query, first, nTokens, width)).toBe(start);
    expect(query).toBeGreaterThanOrEqual(start);
    expect(query).toBeLessThan(start + width);
  });
});

describe("the steps of a target", () => {
  const targetTokens = ["<s>", "1", " 9"].map(token);

  it("write the next token each, and the last one what would come", () => {
    const steps = targetSteps({ targetTokens }, [
      prediction(1, "1"),
      prediction(2, " 9"),
      prediction(3, "\n"),
    ]);
    expect(steps.map(({ reads, writes, isThere }) => [reads, writes, isThere])).toEqual([
      ["<s>", "1", true],
      ["1", "·9", true],
      ["·9", "⏎", false],
    ]);
  });

  it("tell what the model wrote from what was given", () => {
    const generated = {
      side: "target",
      start: 2,
      count: 1,
      nAsked: 64,
      end: "end-token",
      text: " 9",
    } as const;
    const steps = targetSteps({ targetTokens, generated }, undefined);
    expect(steps.map(({ isGenerated }) => isGenerated)).toEqual([false, true, true]);
    expect(steps.at(-1)?.writes).toBe("…");
  });
});
