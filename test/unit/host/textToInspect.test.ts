import { describe, expect, it } from "vitest";
import { MOST_CHARACTERS, charactersAround, textToInspect } from "../../../src/host/textToInspect";
import { plainDocument } from "./plainDocument";

const at = (cursor: number) => ({ start: cursor, end: cursor, cursor });

describe("the text to inspect", () => {
  it("is the selection, with the cursor counted from its start", () => {
    const here = textToInspect(plainDocument("one two three"), { start: 4, end: 7, cursor: 4 });
    expect(here).toMatchObject({ text: "two", cursor: 0, document: { start: 4, end: 7, version: 1 } });
  });

  const paragraphs = "a\r\nb\r\n\r\n  \r\nc 😀\r\n";
  it.each([
    ["in its first line", 0, "a\r\nb"],
    ["in its last line", 4, "a\r\nb"],
    ["on the blank line above one", 6, "c 😀"],
    ["on blank lines at the end, the one above", paragraphs.length, "c 😀"],
  ])("with nothing selected is the paragraph at the cursor: %s", (_, cursor, text) => {
    expect(textToInspect(plainDocument(paragraphs), at(cursor)).text).toBe(text);
  });

  it.each(["", "\n\n", "  \t "])("is refused where there is none: %j", (text) => {
    expect(() => textToInspect(plainDocument(text), at(0))).toThrow(/no text to inspect/);
  });

  it("is refused when only blanks are selected", () => {
    expect(() => textToInspect(plainDocument("a   b"), { start: 1, end: 4, cursor: 1 })).toThrow(/no text/);
  });

  it("is refused without copying it when it is far too large", () => {
    const document = plainDocument("x".repeat(10_000_000));
    const all = { start: 0, end: document.nChars, cursor: 0 };
    expect(() => textToInspect(document, all)).toThrow(/10,000,000 characters.*at most 200,000/);
    expect(document.read).toBe(0);
  });

  it.each(["PK\u0003\u0004\0\0", "\uFFFDPNG\uFFFD\uFFFD"])("is refused when it is binary: %j", (text) => {
    expect(() => textToInspect(plainDocument(text), { start: 0, end: text.length, cursor: 0 })).toThrow(
      /binary/,
    );
  });

  it("may hold a few characters that could not be read", () => {
    const text = "a long enough line with one \uFFFD in it";
    expect(textToInspect(plainDocument(text), at(0)).text).toBe(text);
  });
});

describe("the characters around the cursor", () => {
  const range = { start: 1000, end: 1000 + 3 * MOST_CHARACTERS };
  it.each([
    ["in the middle", 1000 + 1.5 * MOST_CHARACTERS, 1000 + MOST_CHARACTERS],
    ["at the start", 1000, 1000],
    ["at the end", range.end, range.end - MOST_CHARACTERS],
    ["outside", 0, 1000],
  ])("are as many as allowed, inside the range: %s", (_, cursor, start) => {
    expect(charactersAround(range, cursor, MOST_CHARACTERS)).toEqual({ start, end: start + MOST_CHARACTERS });
  });
});
