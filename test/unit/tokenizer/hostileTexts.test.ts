import { describe, expect, it } from "vitest";
import { openTokenizer } from "../../../src/tokenizer/tokenizer";
import { smallTokenizers } from "./smallTokenizers";

const HOSTILE: readonly (readonly [string, string])[] = [
  ["emoji joined by U+200D", "👩‍👩‍👧‍👦🏳️‍🌈".repeat(50)],
  ["right to left with marks of direction", "\u202Eשָׁלוֹם\u202C العربية \u2067abc\u2069"],
  ["a thousand combining marks", `e${"\u0301\u0323".repeat(500)}x`],
  ["lone surrogates", "\uDC00a\uD800b\uD83D\uD83D\uDE00\uDE00"],
  ["NUL", "\0\0a\0b\0"],
  ["a word of 10,000 characters", "T".repeat(10_000)],
  ["look-alikes of special tokens", "<s ><s></s><\u200Bs>＜s＞ <mask><mask </s></s>"],
];

describe("hostile texts", () => {
  for (const [name, tokenizerJson] of Object.entries(smallTokenizers)) {
    const tokenizer = openTokenizer({ tokenizerJson });
    it.each(HOSTILE)(
      `${name}: %s: spans are in order and in the text, ids in the vocabulary`,
      (_what, text) => {
        const tokens = tokenizer.encode(text);
        expect(tokens.length).toBeGreaterThan(0);
        let previous = 0;
        for (const { id, start, end, special } of tokens) {
          if (id < 0 || id >= tokenizer.vocabSize) throw new Error(`id ${id} of ${tokenizer.vocabSize}`);
          if (special) continue;
          if (start < previous || end < start || end > text.length)
            throw new Error(`span ${start} to ${end}`);
          previous = start;
        }
      },
    );
  }
});
