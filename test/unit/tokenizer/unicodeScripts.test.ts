import { describe, expect, it } from "vitest";
import { fromSource, sourceEnd, sourceStart } from "../../../src/tokenizer/alignedText";
import { parsePreTokenizer, preTokenize } from "../../../src/tokenizer/preTokenizers";
import { openTokenizer } from "../../../src/tokenizer/tokenizer";

const { steps } = parsePreTokenizer({ type: "UnicodeScripts" }, false);

function pieces(text: string): string[] {
  return preTokenize([fromSource(text)], steps).map((piece) => piece.text);
}

/** The published tests of tokenizers (its crate, pre_tokenizers/unicode_scripts). */
const PUBLISHED: readonly (readonly [string, readonly string[]])[] = [
  ["どこで生れ。Yes", ["どこで生れ", "。", "Yes"]],
  ["Apples are りんご 林檎", ["Apples are ", "りんご 林檎"]],
  ["hi 京", ["hi ", "京"]],
  ["", []],
  ["   ", []],
  ["hello", ["hello"]],
  [" hi", ["hi"]],
];

/** From tokenizers 0.23.2, its pre-tokenizer run on each text. */
const MEASURED: readonly (readonly [string, string, readonly string[]])[] = [
  ["the mark for long vowels as Han", "カーテン ー a", ["カーテン ー ", "a"]],
  ["a combining mark on its own", "e\u0301x", ["e", "\u0301", "x"]],
  ["nothing where no script has begun", "\u0378a", ["a"]],
  ["Cyrillic and Latin", "шум and шум 12,5", ["шум ", "and ", "шум ", "12,5"]],
  ["characters newer than Unicode 9 with what is before", "ნ\u1C90ა\u20BF x", ["ნ\u1C90ა\u20BF ", "x"]],
  [
    "emoji, their joiner and right to left",
    "  \u1F0A1\u{1F9FF} 👩\u200D👩 מילה,ملة",
    ["\u1F0A", "1\u{1F9FF} 👩", "\u200D", "👩 ", "מילה", ",", "ملة"],
  ],
  ["Hangul and Han", "안녕 日本", ["안녕 ", "日本"]],
  [
    "characters whose script has changed",
    "\u0589\u0561 \u061C\u0627 \u0953\u0905",
    ["\u0589", "\u0561 ", "\u061C", "\u0627 ", "\u0953\u0905"],
  ],
  ["a wide blank, which is Common", "Zoë\u3000全角", ["Zoë", "\u3000", "全角"]],
  ["surrogate pairs", "𝐀𝐁c\tb\n", ["𝐀𝐁", "c", "\t", "b", "\n"]],
  ["newer Han among Han", "\u{20000}\u{3134A}か", ["\u{20000}\u{3134A}か"]],
];

describe("UnicodeScripts", () => {
  it.each(PUBLISHED)("splits %j as the reference's own tests say", (text, expected) => {
    expect(pieces(text)).toEqual(expected);
  });

  it.each(MEASURED)("takes %s", (_what, text, expected) => {
    expect(pieces(text)).toEqual(expected);
  });

  it("gives each piece its place in the source", () => {
    const spans = preTokenize([fromSource("  𝐀 日本か。Yes")], steps).map((piece) => [
      sourceStart(piece, 0),
      sourceEnd(piece, piece.text.length),
    ]);
    // tokenizers 0.23.2, in UTF-16 units.
    expect(spans).toEqual([
      [2, 5],
      [5, 8],
      [8, 9],
      [9, 12],
    ]);
  });

  it("works in a whole tokenizer", () => {
    const tokenizer = openTokenizer({
      tokenizerJson: {
        pre_tokenizer: { type: "UnicodeScripts" },
        model: { type: "WordLevel", unk_token: "?", vocab: { "?": 0, Yes: 1, どこで生れ: 2 } },
      },
    });
    expect(tokenizer.encode("どこで生れ。Yes").map(({ id, start, end }) => [id, start, end])).toEqual([
      [2, 0, 5],
      [0, 5, 6],
      [1, 6, 9],
    ]);
  });
});
