import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer as Library } from "@huggingface/tokenizers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openTokenizer } from "../../../src/tokenizer/tokenizer";
import { smallTokenizers } from "./smallTokenizers";

/** Made by tokenizers 0.23.2 (npm, its Rust core) on smallTokenizers.ts. */
const reference = JSON.parse(readFileSync(join(import.meta.dirname, "smallReference.json"), "utf8")) as {
  rows: {
    tokenizer: keyof typeof smallTokenizers;
    what: string;
    text: string;
    ids: number[];
    spans: ([number, number] | null)[];
  }[];
};

describe("small tokenizers against the reference library", () => {
  for (const { tokenizer, what, text, ids, spans } of reference.rows) {
    it(`${tokenizer}: ids and spans of ${what}`, () => {
      const tokens = openTokenizer({
        tokenizerJson: smallTokenizers[tokenizer],
      }).encode(text);
      expect(tokens.map((token) => token.id)).toEqual(ids);
      expect(tokens.map((token) => (token.special ? null : [token.start, token.end]))).toEqual(spans);
    });
  }
});

/** Any string, lone surrogates included, with much of what is hard for spans. */
const hardText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "grapheme" }),
      fc.constantFrom(
        " ",
        "  ",
        "\r\n",
        "e\u0301",
        "👨‍👩‍👧‍👦",
        "\uD83D",
        "\uDC4D",
        "ﬁ",
        "日本",
        "İ",
        "<mask>",
        "</s>",
        "The",
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

describe("any text", () => {
  for (const [name, tokenizerJson] of Object.entries(smallTokenizers)) {
    const tokenizer = openTokenizer({ tokenizerJson });
    it(`${name}: spans are in order and in range, and their text is the source's`, () => {
      fc.assert(
        fc.property(hardText, (text) => {
          let previous = 0;
          for (const token of tokenizer.encode(text)) {
            if (token.special) {
              expect([token.start, token.end]).toEqual([-1, -1]);
              continue;
            }
            expect(token.start).toBeGreaterThanOrEqual(previous);
            expect(token.end).toBeGreaterThanOrEqual(token.start);
            expect(token.end).toBeLessThanOrEqual(text.length);
            expect(token.text).toBe(text.slice(token.start, token.end) || token.piece);
            previous = token.start;
          }
        }),
        { seed: 1, numRuns: 300 },
      );
    });
  }

  it("byte fallback: every unit of the text belongs to a token", () => {
    const tokenizer = openTokenizer({ tokenizerJson: smallTokenizers.byteFallback });
    fc.assert(
      fc.property(hardText, (text) => {
        const covered = new Uint8Array(text.length);
        for (const token of tokenizer.encode(text, { addSpecialTokens: false })) {
          covered.fill(1, token.start, token.end);
        }
        expect(covered.every((unit) => unit === 1)).toBe(true);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it("byte fallback: ids are those of @huggingface/tokenizers, where that agrees with the reference", () => {
    const file = { ...smallTokenizers.byteFallback, added_tokens: [] };
    const tokenizer = openTokenizer({ tokenizerJson: file });
    const library = new Library(file as never, {});
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
        expect(tokenizer.encode(text).map((token) => token.id)).toEqual(library.encode(text).ids);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it("a lone surrogate becomes U+FFFD for the model and keeps its place", () => {
    const tokenizer = openTokenizer({ tokenizerJson: smallTokenizers.byteFallback });
    const tokens = tokenizer.encode("a\uD83Db", { addSpecialTokens: false });
    expect(tokens.map((token) => [token.piece, token.start, token.end])).toEqual([
      ["▁", 0, 1],
      ["a", 0, 1],
      ["<0xEF>", 1, 2],
      ["<0xBF>", 1, 2],
      ["<0xBD>", 1, 2],
      ["b", 2, 3],
    ]);
  });
});
