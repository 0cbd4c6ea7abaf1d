import { describe, expect, it } from "vitest";
import { probeCrossing } from "../../../src/core/probe/crossing";
import { dateSpans, isoDate } from "../../../src/core/probe/dateFields";
import { tensor } from "../../../src/core/tensor";
import type { Token } from "../../../src/core/token";

const startToken: Token = { id: 0, text: "", piece: "<s>", start: -1, end: -1, special: true };
const characters = (text: string): Token[] =>
  [...text].map((sign, start) => ({
    id: sign.charCodeAt(0),
    text: sign,
    piece: sign,
    start,
    end: start + 1,
    special: false,
  }));

/** A head that puts all weight on one place for each row. */
function pointing(places: readonly number[], nKeys: number) {
  const data = new Float32Array(places.length * nKeys);
  places.forEach((place, row) => (data[row * nKeys + place] = 1));
  return tensor([places.length, nKeys], data);
}

describe("where a date has its fields", () => {
  it.each<[string, string, string, string, string]>([
    ["March 3rd, 2022", "2022-03-03", "2022", "March", "3"],
    ["the 21st of October 1994", "1994-10-21", "1994", "October", "21"],
    ["7.8.2031", "2031-08-07", "2031", "8", "7"],
    ["2022/04/05", "2022-04-05", "2022", "04", "05"],
    ["in 1969, on July 20", "1969-07-20", "1969", "July", "20"],
  ])("%s", (text, target, ...expected) => {
    const spans = dateSpans(text, isoDate(target)!)!;
    expect([spans.year, spans.month, spans.day].map(([start, end]) => text.slice(start, end))).toEqual(
      expected,
    );
  });

  it("is not guessed", () => {
    expect(isoDate("2022-3-4")).toBeUndefined();
    expect(dateSpans("7.8.31", isoDate("2031-08-07")!)).toBeUndefined();
    expect(dateSpans("8.7.2031", isoDate("2031-08-07")!)).toBeUndefined();
  });
});

describe("constructed cross-attention heads", () => {
  it("a head that looks at what it writes copies, from left to right", () => {
    const source = characters("abcd");
    const values = probeCrossing(
      { text: "abcd", targetText: "abcd" },
      source,
      [startToken, ...characters("abcd")],
      pointing([0, 1, 2, 3, 3], 4),
    );
    expect(values).toEqual({ copied: 1, monotonic: 1 });
  });

  it("a head that reads backwards has order -1, and copies only what it meets", () => {
    const values = probeCrossing(
      { text: "abc", targetText: "abc" },
      characters("abc"),
      [startToken, ...characters("abc")],
      pointing([2, 1, 0, 0], 3),
    );
    expect(values.copied).toBeCloseTo(1 / 3, 12);
    expect(values.monotonic).toBeCloseTo(-1, 12);
  });

  it("a head on the month scores in the rows that write the month", () => {
    const text = "March 3rd, 2022";
    const targetText = "2022-03-04".replace("04", "03");
    const values = probeCrossing(
      { text, targetText },
      characters(text),
      [startToken, ...characters(targetText)],
      // Always at the a of March.
      pointing(
        Array.from({ length: 11 }, () => 1),
        text.length,
      ),
    );
    expect(values).toMatchObject({ year: 0, month: 1, day: 0 });
    expect(values.monotonic).toBeUndefined();
  });
});
