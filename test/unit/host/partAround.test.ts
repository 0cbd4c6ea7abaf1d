import { describe, expect, it } from "vitest";
import type { Token } from "../../../src/core/token";
import { partAround } from "../../../src/host/partAround";
import { words } from "./fakeEngine";

const text = Array.from({ length: 500 }, (_, index) => `w${index}`).join(" ");
const start: Token = { id: 0, text: "<s>", piece: "<s>", start: -1, end: -1, special: true };

describe("the part around the cursor", () => {
  it.each([
    ["in the middle", text.indexOf("w250"), /w250/],
    ["at the start", 0, /^w0 /],
    ["at the end", text.length, / w499$/],
  ])("holds the cursor and just fits: %s", async (_, cursor, expected) => {
    const part = await partAround(text, cursor, 64, async (piece) => [start, ...words(piece)]);
    const inside = text.slice(part.start, part.end);
    expect(inside).toMatch(expected);
    expect(words(inside).length + 1).toBe(64);
    expect(part.start <= cursor && cursor <= part.end).toBe(true);
  });

  it("is everything where everything fits", async () => {
    expect(await partAround("a b c", 2, 3, async (piece) => words(piece))).toEqual({ start: 0, end: 5 });
  });

  it("fits also where a part has more tokens than the same words had in the whole", async () => {
    // The first word of any text splits into three pieces.
    const tokenize = async (piece: string) => {
      const [first, ...rest] = words(piece);
      return first ? [first, { ...first }, { ...first }, ...rest] : [];
    };
    const part = await partAround(text, 1200, 64, tokenize);
    expect((await tokenize(text.slice(part.start, part.end))).length).toBeLessThanOrEqual(64);
  });

  it("does not cut a surrogate pair", async () => {
    const emoji = "😀".repeat(4000);
    const perCharacter = async (piece: string) =>
      Array.from(piece.matchAll(/./gu), ({ 0: character, index }, id) => {
        return {
          id,
          text: character,
          piece: character,
          start: index,
          end: index + character.length,
          special: false,
        };
      });
    const part = await partAround(emoji, 4001, 100, perCharacter);
    expect(emoji.slice(part.start, part.end)).toBe("😀".repeat(100));
  });
});
