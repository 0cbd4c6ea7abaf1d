import { describe, expect, it } from "vitest";
import { earlierOccurrences, statisticsOf } from "../../../src/core/statistics";
import { tensor } from "../../../src/core/tensor";
import { textRelations } from "../../../src/core/textRelations";
import type { Token } from "../../../src/core/token";

/** Tokens one after the other, as the pieces are written. */
function tokens(...pieces: string[]): Token[] {
  let start = 0;
  return pieces.map((text, id) => {
    const token = { id, text, piece: text, start, end: start + text.length, special: false };
    start = token.end;
    return token;
  });
}

// Expected values follow from the sentences alone; no other program reads them.
describe("what the text says about its tokens", () => {
  it("joins closing brackets to their opening ones, also where tokens hold several", () => {
    const { openings } = textRelations(tokens("f", "([", "x", "]", ")", ")"));
    expect(openings).toEqual([[], [], [], [1], [1], []]);
  });

  it("joins straight quotes on one line, but no apostrophe", () => {
    const { openings } = textRelations(tokens('"', "it", "'", "s", '"', "\n", '"', "b"));
    expect(openings).toEqual([[], [], [], [], [0], [], [], []]);
  });

  it("encloses by the innermost closed pair what stands between its two ends", () => {
    const { insideBracket, insideQuote } = textRelations(
      tokens("f", "(", "a", "[", "b", "]", "c", ")", "d", "(", "e"),
    );
    expect(insideBracket).toEqual([-1, -1, 1, 1, 3, 1, 1, -1, -1, -1, -1]);
    expect(new Set(insideQuote)).toEqual(new Set([-1]));
    const quoted = textRelations(tokens('"', "don", "'t", '"', " '", "x", "\n", "y"));
    expect(quoted.insideQuote).toEqual([-1, 0, 0, -1, -1, -1, -1, -1]);
  });

  it("finds the beginning of each word, and none inside scripts without spaces", () => {
    const { wordStart } = textRelations(tokens("in", "duction", " head", "s_", "2", ".", "5", "注", "意"));
    expect(wordStart).toEqual([0, 0, 2, 2, 2, 5, 6, 7, 8]);
  });

  it("knows punctuation and line breaks", () => {
    const { delimiters, newlines } = textRelations(tokens("a", ",", " b", ".\n", "c", "::"));
    expect([delimiters, newlines]).toEqual([[1, 3, 5], [3]]);
  });
});

describe("statistics that need the text", () => {
  const list = tokens("f", "(", "ab", "c", ")", "\n");
  const statistics = (weight: (query: number, key: number) => number) => {
    const data = Float32Array.from({ length: 36 }, (_, i) => weight(Math.floor(i / 6), i % 6));
    const earlier = earlierOccurrences(list.map(({ id }) => id));
    return statisticsOf(tensor([6, 6], data), earlier, textRelations(list));
  };

  it("are all of the weight for a head that looks at the opening bracket", () => {
    const values = statistics((_, key) => (key === 1 ? 1 : 0));
    expect(values).toMatchObject({ bracket: 1, delimiter: 1, sameWord: 0 });
    expect(values.newline).toBeUndefined();
  });

  it("are exact shares for a causal head that spreads evenly", () => {
    const values = statistics((query, key) => (key <= query ? 1 / (query + 1) : 0));
    // Query 4 closes what 1 opens; 3 continues the word of 2; 2, 3, 4, 5 come after the first punctuation, 1 (and 4).
    expect(values.bracket).toBeCloseTo(1 / 5, 6);
    expect(values.sameWord).toBeCloseTo(1 / 4, 6);
    expect(values.delimiter).toBeCloseTo((1 / 3 + 1 / 4 + 2 / 5 + 2 / 6) / 4, 6);
  });
});
