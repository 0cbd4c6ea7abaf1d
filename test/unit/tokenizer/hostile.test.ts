import { describe, expect, it } from "vitest";
import { HeadlightError } from "../../../src/core/errors";
import { openTokenizer } from "../../../src/tokenizer/tokenizer";
import { random } from "../onnx/mutate";
import { mutateInPlace } from "./mutateJson";
import { smallTokenizers } from "./smallTokenizers";

const TEXT = "The naïve 日本 e\u0301 👍🏽 <s>\r\n\u0000 ½ don't 12345 \uD83D";

describe("broken and hostile tokenizer files", () => {
  for (const [name, file] of Object.entries(smallTokenizers)) {
    it(`${name}: 300 mutations end in tokens with spans in range, or in one HeadlightError`, () => {
      const next = random(name.length);
      let nRefused = 0;
      for (let i = 0; i < 300; i++) {
        const mutated = structuredClone(file) as Record<string, unknown>;
        mutateInPlace(mutated, next);
        try {
          for (const token of openTokenizer({ tokenizerJson: mutated }).encode(TEXT)) {
            expect(token.start).toBeLessThanOrEqual(token.end);
            expect(token.end).toBeLessThanOrEqual(TEXT.length);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(HeadlightError);
          expect((error as Error).message.length).toBeLessThan(400);
          nRefused++;
        }
      }
      expect(nRefused).toBeGreaterThan(50);
    });
  }

  for (const [problem, file, sentence] of [
    ["nothing", undefined, /no tokenizer file/],
    ["a list", [], /tokenizer\.json is a list, not an object/],
    ["no model", { version: "1.0" }, /tokenizer\.json\.model is missing, not an object/],
    [
      "a merge outside the vocabulary",
      { model: { type: "BPE", vocab: { a: 0 }, merges: ["a b"] } },
      /merges\[0\] joins "a" and "b", which the vocabulary lacks/,
    ],
    [
      "an id that is no id",
      { model: { type: "WordLevel", vocab: { a: -5 } } },
      /vocab\["a"\] is not an id from 0/,
    ],
    [
      "an unknown token outside the vocabulary",
      { model: { type: "Unigram", vocab: [["a", -1]], unk_id: 7 } },
      /unk_id is 7, but the vocabulary has 1 entries/,
    ],
    [
      "a pattern that backtracks",
      {
        pre_tokenizer: { type: "Split", pattern: { Regex: "(a+)+$" }, behavior: "Isolated" },
        model: { type: "WordLevel", vocab: {} },
      },
      /needs ages for short texts/,
    ],
    [
      "an unknown stage",
      { normalizer: { type: "Sparkle" }, model: { type: "WordLevel", vocab: {} } },
      /the normalizer "Sparkle", which Headlight does not know/,
    ],
    [
      "endless nesting",
      {
        normalizer: Array.from({ length: 100 }).reduce(
          (inner) => ({ type: "Sequence", normalizers: [inner] }),
          {
            type: "NFC",
          },
        ),
        model: { type: "WordLevel", vocab: {} },
      },
      /is nested deeper than 32 levels/,
    ],
    [
      "a normaliser that doubles the text again and again",
      {
        normalizer: {
          type: "Sequence",
          normalizers: Array.from({ length: 31 }, () => ({
            type: "Replace",
            pattern: { String: "a" },
            content: "aa",
          })),
        },
        model: { type: "WordLevel", vocab: {}, unk_token: "a" },
      },
      /a normaliser that makes/,
    ],
  ] as const) {
    it(`refuses ${problem} with one sentence`, () => {
      expect(() => openTokenizer({ tokenizerJson: file }).encode("banana")).toThrow(sentence);
      expect(() => openTokenizer({ tokenizerJson: file }).encode("banana")).toThrow(HeadlightError);
    });
  }
});
