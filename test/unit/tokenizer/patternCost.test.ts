import { describe, expect, it, vi } from "vitest";
import { HeadlightError } from "../../../src/core/errors";
import { stubbornTokenizer } from "../../support/stubbornTokenizer";
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

const EXPONENTIAL = [
  "(a+)+$",
  "(a|aa)+$",
  "(ab|a|b)+$",
  "foo(a+)+$",
  "(.*)*x",
  "(\\w+\\s?)*$",
  "(\\p{L}+\\p{N}*)*!",
];

/** From split patterns of the hub (GPT-2, Qwen2, Llama 3, GPT-4o, DeepSeek-V3), and some that cost more than those. */
const COSTLY = [
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}",
  "\\p{N}{1,3}(?=(?:\\p{N}{3})*\\b)",
  "\\s*\\s*x",
  "\\s*\\s*\\s*x",
  "foo\\s*\\s*\\s*x",
  "[^x]*[^x]*[^x]*x",
  "\\G\\s*\\s*x",
];

describe("patterns that take too long", () => {
  it.each(EXPONENTIAL)("%s is refused before it sees a text", (pattern) => {
    for (const stage of ["split", "replace"] as const) expect(outcome(pattern, stage, "")).toMatch(AGES);
  });

  it("one of more characters than a pattern of the runtime may have is refused, as text too", () => {
    const how = { pattern: { String: "x".repeat(10_000_000) } };
    const file = {
      normalizer: { type: "Replace", ...how, content: "y" },
      model: { type: "WordLevel", vocab: { "?": 0 }, unk_token: "?" },
    };
    expect(() => openTokenizer({ tokenizerJson: file })).toThrow(
      /is 10000000 characters long\. Give token ids/,
    );
  });

  it("what was refused is refused again without being tried", () => {
    expect(outcome("(a+)+b", "split", "")).toMatch(AGES);
    const tried = vi.spyOn(RegExp.prototype, "exec");
    expect(outcome("(a+)+b", "split", "")).toMatch(AGES);
    const nTried = tried.mock.contexts.filter((pattern) => (pattern as RegExp).source.includes("a+")).length;
    tried.mockRestore();
    expect(nTried).toBe(0);
  });

  it("a machine that is a hundred times slower refuses the same, and nothing more", async () => {
    const now = performance.now.bind(performance);
    const slow = vi.spyOn(performance, "now").mockImplementation(() => 100 * now());
    // Loaded anew: neither what was tried nor the machine's pace is known.
    vi.resetModules();
    const { fromOniguruma } = await import("../../../src/tokenizer/pattern");
    const refused = EXPONENTIAL.map((pattern) => () => fromOniguruma(pattern));
    for (const refuse of refused) expect(refuse).toThrow(AGES);
    for (const pattern of COSTLY) expect(fromOniguruma(pattern)).toBeInstanceOf(RegExp);
    slow.mockRestore();
  });

  it("a pattern may pass whose run was not tried: nodeBounded and the host's patience end it", () => {
    expect(openTokenizer({ tokenizerJson: stubbornTokenizer }).encode("ab")).toHaveLength(1);
  });

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
