import { describe, expect, it } from "vitest";
import { HeadlightError } from "../../../src/core/errors";
import { openTokenizer } from "../../../src/tokenizer/tokenizer";
import { smallTokenizers } from "./smallTokenizers";

/** mulberry32 by Tommy Ettinger (public domain): the same cases in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  3.5,
  1e300,
  "",
  "x",
  "\uD800",
  "(a+)+$",
  "[",
  "x".repeat(10_000_000),
  [],
  {},
  [[]],
  [null],
  JSON.parse('{"__proto__": {"type": "NFC"}}'),
  { type: "Sequence", normalizers: [], pretokenizers: [], processors: [], decoders: [] },
  { type: "constructor" },
  { Regex: "\\p{Nonsense}" },
];

/** Replaces, removes or doubles one random part of a JSON value. */
function mutate(value: unknown, random: () => number): unknown {
  const copy = structuredClone(value);
  let holder: Record<string, unknown> = { root: copy };
  let key = "root";
  for (let depth = 0; depth < 8; depth++) {
    const inner = holder[key];
    if (typeof inner !== "object" || inner === null || (depth > 0 && random() < 0.25)) break;
    const keys = Object.keys(inner);
    if (keys.length === 0) break;
    holder = inner as Record<string, unknown>;
    key = keys[Math.floor(random() * keys.length)]!;
  }
  if (random() < 0.2) delete holder[key];
  else holder[key] = ODD_VALUES[Math.floor(random() * ODD_VALUES.length)];
  return copy;
}

const TEXT = "The naïve 日本 e\u0301 👍🏽 <s>\r\n\u0000 ½ don't 12345 \uD83D";

describe("broken and hostile tokenizer files", () => {
  for (const [name, file] of Object.entries(smallTokenizers)) {
    it(`${name}: 300 mutations end in tokens with spans in range, or in one HeadlightError`, () => {
      const random = seeded(name.length);
      let nRefused = 0;
      for (let i = 0; i < 300; i++) {
        const mutated = mutate(file, random);
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
