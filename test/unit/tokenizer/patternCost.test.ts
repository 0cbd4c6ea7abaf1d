import { describe, expect, it } from "vitest";
import { HeadlightError } from "../../../src/core/errors";
import { openTokenizer } from "../../../src/tokenizer/tokenizer";

/** A tokenizer that splits by `pattern` (and, where it replaces, puts x in its place). */
function fileWith(pattern: string, stage: "split" | "replace"): unknown {
  const how = { pattern: { Regex: pattern } };
  return {
    ...(stage === "split"
      ? { pre_tokenizer: { type: "Split", ...how, behavior: "Isolated" } }
      : { normalizer: { type: "Replace", ...how, content: "x" } }),
    model: { type: "WordLevel", vocab: { "?": 0 }, unk_token: "?" },
  };
}

function outcome(pattern: string, stage: "split" | "replace", text: string): string {
  try {
    openTokenizer({ tokenizerJson: fileWith(pattern, stage) }).encode(text);
    return "tokens";
  } catch (error) {
    expect(error).toBeInstanceOf(HeadlightError);
    return (error as HeadlightError).message;
  }
}

const AGES = /needs ages for short texts \(it backtracks\)\. Give token ids instead/;

describe("patterns that take too long", () => {
  for (const pattern of [
    "(a+)+$",
    "(a|aa)+$",
    "(ab|a|b)+$",
    "foo(a+)+$",
    "(.*)*x",
    "(\\w+\\s?)*$",
    "(\\p{L}+\\p{N}*)*!",
    "\\s*\\s*x",
    "\\s*\\s*\\s*x",
    "foo\\s*\\s*\\s*x",
    "[^x]*[^x]*[^x]*x",
  ]) {
    it(`${pattern} is refused before it sees a text`, { timeout: 20_000 }, () => {
      for (const stage of ["split", "replace"] as const) expect(outcome(pattern, stage, "")).toMatch(AGES);
    });
  }

  it("quadratic time is let through for short texts, and ended on 100 KB", { timeout: 20_000 }, () => {
    const text = " ".repeat(102_400);
    expect(outcome("\\s*x", "split", text.slice(0, 500))).toBe("tokens");
    const start = performance.now();
    expect(outcome("\\s*x", "split", text)).toMatch(
      /^[^.]*needs more than 2 s for a text of 102400 characters\. Give/,
    );
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  it.each(["\\G\\s*\\s*x", "foo\\s*\\s*x"])(
    "%s is tried on short texts only",
    { timeout: 20_000 },
    (pattern) => {
      expect(outcome(pattern, "split", "foo".repeat(1_000))).toBe("tokens");
      expect(outcome(pattern, "split", `foo${" ".repeat(102_400)}`)).toMatch(
        /could need minutes for a text of 102403/,
      );
    },
  );

  it("a long text is split as a short one is", () => {
    const pattern = "'s|\\s?\\p{L}+|\\p{N}{1,3}|x{0}";
    const { encode } = openTokenizer({ tokenizerJson: fileWith(pattern, "split") });
    const unit = "it's 𝐀12345 👍 é! ";
    const spans = (text: string) => encode(text).map(({ start, end }) => [start, end]);
    const short = spans(unit + unit).filter(([, end]) => end! <= unit.length);
    const long = spans(unit.repeat(100)).slice(0, short.length);
    expect(long).toEqual(short);
  });

  it("a pattern that goes on where its last match ended works in long texts too", () => {
    const { encode } = openTokenizer({ tokenizerJson: fileWith("\\G[ab]", "split") });
    expect(encode(`${"ab".repeat(400)} ab`)).toHaveLength(801);
  });
});
