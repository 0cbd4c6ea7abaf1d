import { describe, expect, it } from "vitest";
import { tokenAtCaret } from "../../../src/host/caret";
import { words } from "./fakeEngine";

describe("the token at the caret", () => {
  const text = "one two\nthree";
  const run = { text, tokens: words(text) };
  it.each([
    ["inside a word", 1, 0],
    ["right after a word, where the next token is a blank and more", 3, 0],
    ["at the start of a word", 4, 1],
    ["at the end of a line", 7, 1],
    ["at the end of the text", text.length, 2],
    ["at the start of the text", 0, 0],
    ["before the text", -1, undefined],
    ["behind the text", text.length + 1, undefined],
  ])("%s", (_, offset, index) => {
    expect(tokenAtCaret(run, offset)).toBe(index);
  });
});
