import { expect, test } from "vitest";
import type { Token } from "../../../src/core/token";
import { layoutTicks, tickStep } from "../../../src/paint/axis";
import { percentText, readoutWeight, signedText, tableWeight, tickText } from "../../../src/paint/numberText";
import { displayColumns, shorten, tokenLabels, visibleText } from "../../../src/paint/tokenText";

const token = (text: string, start = 0, end = start + text.length, piece = text): Token => ({
  id: 0,
  text,
  piece,
  start,
  end,
  special: false,
});

test.each([
  [0, "0"],
  [1, "1"],
  [0.41324, "0.4132"],
  [0.0009999, "<0.001"],
  [1e-30, "<0.001"],
  [0.99996, ">0.9999"],
  [NaN, "NaN"],
  [Infinity, "∞"],
])("reads the weight %f as %s", (value, expected) => {
  expect(readoutWeight(value)).toBe(expected);
});

test.each([
  [0, "0%"],
  [0.00255, "<1%"],
  [0.0132, "1%"],
  [0.971, "97%"],
  [0.9991, ">99%"],
  [1, "100%"],
  [NaN, "NaN"],
])("reads the probability %f as %s", (value, expected) => {
  expect(percentText(value)).toBe(expected);
});

test("gives tables three significant digits", () => {
  expect([0.41324, 0.0123456, 0.0001, 0.99999].map(tableWeight)).toEqual([
    "0.413",
    "0.0123",
    "<0.001",
    ">0.999",
  ]);
});

test("writes signed numbers with a minus sign and four digits", () => {
  expect([3.21456, -3.21456, 0, -0.00001, 1e9, -Infinity].map(signedText)).toEqual([
    "3.215",
    "−3.215",
    "0",
    "−1.00e−5",
    "1.00e+9",
    "−∞",
  ]);
  expect([0.05, 1, -2.5].map(tickText)).toEqual(["0.05", "1", "−2.5"]);
});

test.each([
  [" the", "·the"],
  ["\n\n", "⏎⏎"],
  ["\r\n", "⏎"],
  ["\t", "⇥"],
  ["a b", "a·b"],
  ["\u200b", "U+200B"],
  ["\u0000", "U+0000"],
  ["👩\u200d💻", "👩\u200d💻"],
  ["שלום", "שלום"],
  ["中文", "中文"],
])("shows %j as %s", (text, expected) => {
  expect(visibleText(token(text))).toBe(expected);
});

test("falls back to the vocabulary entry where a token has no text", () => {
  expect(visibleText(token("", -1, -1, "<0xF0>"))).toBe("<0xF0>");
});

test("numbers the tokens that share one character", () => {
  const tokens = [token("a", 0), token("🙂", 1, 3), token("🙂", 1, 3), token("🙂", 1, 3), token("b", 3)];
  expect(tokenLabels(tokens)).toEqual(["a", "🙂 1/3", "🙂 2/3", "🙂 3/3", "b"]);
});

test("counts a CJK character and an emoji as two columns and cuts between characters", () => {
  expect(["abc", "中文", "👩\u200d💻", "e\u0301"].map(displayColumns)).toEqual([3, 4, 2, 1]);
  expect(shorten("中文字", 5)).toBe("中文…");
  expect(shorten("👩\u200d💻👩\u200d💻", 3)).toBe("👩\u200d💻…");
});

test("labels every token when there is room and every nth when there is not", () => {
  const ticks = (cellSize: number) =>
    layoutTicks({ count: 100, offset: 0, cellSize, length: 100 * cellSize, minGap: 12 }).map(
      ({ index }) => index,
    );
  expect(ticks(12)).toHaveLength(100);
  expect(ticks(3)).toEqual(Array.from({ length: 20 }, (_, n) => n * 5));
  expect([0.4, 1, 1.1, 3, 6, 30].map(tickStep)).toEqual([1, 1, 2, 5, 10, 50]);
});

test("always labels the cell under the pointer, and nothing closer to it than the gap", () => {
  const ticks = layoutTicks({ count: 100, offset: 0, cellSize: 3, length: 300, minGap: 12, always: [21] });
  expect(ticks.map(({ index }) => index)).toContain(21);
  expect(ticks.map(({ index }) => index)).not.toContain(20);
  expect(ticks.map(({ index }) => index)).toContain(25);
});

test("labels only what is seen when zoomed", () => {
  const ticks = layoutTicks({
    count: 50,
    offset: 10.5,
    cellSize: 20,
    length: 100,
    minGap: 12,
    always: [3],
  });
  expect(ticks.map(({ index, position }) => [index, position])).toEqual([
    [10, 0],
    [11, 20],
    [12, 40],
    [13, 60],
    [14, 80],
    [15, 100],
  ]);
});

const written = (...texts: string[]) => texts.map((text) => token(text, -1, -1));
const bytes = (text: string) =>
  [...new TextEncoder().encode(text)].map(
    (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
  );

test("puts the bytes that a model wrote together to characters, as those of a text are", () => {
  expect(tokenLabels(written("a", ...bytes("运é🙂"), "b"))).toEqual([
    ...["a", "运 1/3", "运 2/3", "运 3/3", "é 1/2", "é 2/2"],
    ...["🙂 1/4", "🙂 2/4", "🙂 3/4", "🙂 4/4", "b"],
  ]);
});

test.each([
  ["a character that is not finished", ["<0xE8>", "<0xBF>"]],
  ["a byte that continues nothing", ["<0x90>", "<0x8A>"]],
  ["a character that another token cuts", ["<0xE8>", "<0xBF>", "a", "<0x90>"]],
  ["half of a surrogate pair", ["<0xED>", "<0xA0>", "<0x80>"]],
  ["more bytes than the character needs", ["<0xE0>", "<0x80>", "<0xAF>"]],
])("leaves %s as bytes", (_, texts) => {
  expect(tokenLabels(written(...texts))).toEqual(texts);
});

test("leaves bytes that stand in a text as the text has them", () => {
  const tokens = [token("<0xE8>", 0), token("<0xBF>", 6), token("<0x90>", 12)];
  expect(tokenLabels(tokens)).toEqual(["<0xE8>", "<0xBF>", "<0x90>"]);
});
