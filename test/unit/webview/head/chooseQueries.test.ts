import { expect, test } from "vitest";
import { chosenQueries, howToChoose } from "../../../../webview/state/chooseQueries";

/** Rows as they stand on screen: sorted, the second a word of two tokens. */
const rows = [[4], [0, 1], [3], [2]];

test("a click chooses a row alone, and the same row again frees it", () => {
  expect(chosenQueries([], undefined, rows, 1, "only")).toEqual([0, 1]);
  expect(chosenQueries([0, 1], 0, rows, 1, "only")).toEqual([]);
  expect(chosenQueries([0, 1, 3], 3, rows, 1, "only")).toEqual([0, 1]);
});

test("with Ctrl a row comes along or goes away", () => {
  expect(chosenQueries([4], 4, rows, 1, "toggle")).toEqual([4, 0, 1]);
  expect(chosenQueries([4, 0, 1], 0, rows, 1, "toggle")).toEqual([4]);
});

test("with Shift everything on screen from the last chosen row on, both ways", () => {
  expect(chosenQueries([1], 1, rows, 3, "extend")).toEqual([0, 1, 3, 2]);
  expect(chosenQueries([3], 3, rows, 0, "extend")).toEqual([4, 0, 1, 3]);
  expect(chosenQueries([], undefined, rows, 2, "extend")).toEqual([3]);
});

test("Shift comes before Ctrl, as in lists", () => {
  const keys = { ctrlKey: true, metaKey: false, shiftKey: true };
  expect(howToChoose(keys)).toBe("extend");
  expect(howToChoose({ ...keys, shiftKey: false })).toBe("toggle");
  expect(howToChoose({ ctrlKey: false, metaKey: false, shiftKey: false })).toBe("only");
});
