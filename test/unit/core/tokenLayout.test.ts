import { describe, expect, it } from "vitest";
import { layOutTokens, plainLayout, isPlain } from "../../../src/core/tokenLayout";
import type { Token } from "../../../src/core/token";

/** "<s> I saw a sawmill," as a byte-pair tokenizer cuts it. */
const tokens: Token[] = [
  { id: 0, text: "", piece: "<s>", start: -1, end: -1, special: true },
  ...["I", " saw", " a", " saw", "mill", ","].map((text, at, all) => {
    const start = all.slice(0, at).join("").length;
    return { id: at + 1, text, piece: text, start, end: start + text.length, special: false };
  }),
];

describe("the layout of tokens", () => {
  it("leaves each token its place when nothing is asked", () => {
    expect(isPlain(plainLayout)).toBe(true);
    expect(layOutTokens(tokens, plainLayout, "keys")).toEqual([[0], [1], [2], [3], [4], [5], [6]]);
  });

  it("hides special tokens and joins the tokens of a word", () => {
    const layout = { ...plainLayout, hidesSpecial: true, byWord: true };
    expect(isPlain(layout)).toBe(false);
    expect(layOutTokens(tokens, layout, "queries")).toEqual([[1], [2], [3], [4, 5], [6]]);
  });

  it("keeps the words that hold a text, along the chosen side only", () => {
    const layout = { ...plainLayout, byWord: true, filter: "WMI", filters: "keys" } as const;
    expect(layOutTokens(tokens, layout, "keys")).toEqual([[4, 5]]);
    expect(layOutTokens(tokens, layout, "queries")).toHaveLength(6);
    expect(layOutTokens(tokens, { ...layout, filters: "both" }, "queries")).toEqual([[4, 5]]);
  });

  it("sorts words by the weight their tokens receive together, equal ones by place, NaN last", () => {
    const layout = { ...plainLayout, byWord: true, order: "received" } as const;
    const received = Float32Array.of(1, NaN, 0.5, 2, 1, 0.5, 0.5);
    // By hand: 2 (token 3), 1.5 (tokens 4 and 5), 1 (token 0), 0.5 (tokens 2 and 6), NaN (token 1).
    expect(layOutTokens(tokens, layout, "keys", received)).toEqual([[3], [4, 5], [0], [2], [6], [1]]);
    expect(layOutTokens(tokens, layout, "queries")[0]).toEqual([0]);
  });
});
