import { describe, expect, it } from "vitest";
import { fromSource } from "../../../src/tokenizer/alignedText";
import { parsePreTokenizer, preTokenize } from "../../../src/tokenizer/preTokenizers";
import { hasFixtures, readJson } from "./fixtures";

interface OracleCase {
  readonly name: string;
  readonly pattern: string;
  readonly behavior: string;
  readonly invert: boolean;
  readonly expected: readonly { readonly input: string; readonly tokens: readonly string[] }[];
}

function pieces(pattern: string, behavior: string, invert: boolean, text: string): string[] {
  const config = { type: "Split", pattern: { Regex: pattern }, behavior, invert };
  const { steps } = parsePreTokenizer(config, false);
  return preTokenize([fromSource(text)], steps).map((piece) => piece.text);
}

/** Oniguruma lets "ss" match "ß" when case is ignored; JavaScript folds single characters only. */
const KNOWN_DIFFERENCES = new Set(["edge-ci-full-fold"]);

describe.skipIf(!hasFixtures)("split patterns found on the hub", () => {
  const { cases } = (
    hasFixtures ? readJson("tokenizer-tables/split-regex-oracle/splitRegexOracle.json") : { cases: [] }
  ) as { cases: OracleCase[] };

  for (const { name, pattern, behavior, invert, expected } of cases) {
    it(`${name} splits as the reference does: ${JSON.stringify(pattern).slice(0, 60)}`, () => {
      for (const { input, tokens } of expected) {
        const result = pieces(pattern, behavior, invert, input);
        if (KNOWN_DIFFERENCES.has(name) && input.includes("ß")) expect(result).not.toEqual(tokens);
        else expect(result, input).toEqual(tokens);
      }
    });
  }
});

describe("case ignored in a part of a pattern", () => {
  // From tokenizers 0.23.2; U+0345 folds to a letter, but is none.
  it("does not make \\p{L} match marks that fold to letters", () => {
    expect(pieces("(?i:'s)|\\p{L}+|[^\\p{L}]+", "Isolated", false, "IT'S \u0345[b")).toEqual([
      "IT",
      "'S",
      " \u0345[",
      "b",
    ]);
  });
});

describe("empty matches", () => {
  // From tokenizers 0.23.2.
  it("do not directly follow another match", () => {
    expect(pieces("a{,3}", "MergedWithNext", false, "ta1o1")).toEqual(["t", "a1", "o", "1"]);
  });
});
