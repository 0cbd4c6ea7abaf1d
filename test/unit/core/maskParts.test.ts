import { describe, expect, it } from "vitest";
import type { Visibility } from "../../../src/core/mask";
import { maskParts } from "../../../src/core/maskParts";

/** Rows of "1" (visible) and "." */
function mask(...rows: string[]): Visibility {
  const visible = Uint8Array.from(rows.join(""), (cell) => (cell === "1" ? 1 : 0));
  return { nQueries: rows.length, nKeys: rows[0]!.length, visible };
}
const drawn = ({ nKeys, visible }: Visibility) =>
  Array.from({ length: visible.length / nKeys }, (_, row) =>
    Array.from(visible.subarray(row * nKeys, (row + 1) * nKeys), (cell) => (cell ? "1" : ".")).join(""),
  );

describe("a mask taken apart", () => {
  const cases: [string, Visibility, Record<string, string[]>][] = [
    ["nothing hidden", mask("111", "111", "111"), {}],
    ["causal", mask("1...", "11..", "111.", "1111"), { causal: ["1...", "11..", "111.", "1111"] }],
    [
      "causal, and the first key padding",
      mask("....", ".1..", ".11.", ".111"),
      { causal: ["1...", "11..", "111.", "1111"], padding: [".111", ".111", ".111", ".111"] },
    ],
    [
      "a causal window of 2 keys",
      mask("1....", "11...", ".11..", "..11.", "...11"),
      {
        causal: ["1....", "11...", "111..", "1111.", "11111"],
        window: ["11111", "11111", ".1111", "..111", "...11"],
      },
    ],
    ["padding alone", mask("11.", "11.", "11."), { padding: ["11.", "11.", "11."] }],
    [
      "two causal blocks",
      mask("1...", "11..", "..1.", "..11"),
      { causal: ["1...", "11..", "111.", "1111"], blocks: ["11..", "11..", "..11", "..11"] },
    ],
    ["no simple rule", mask("1.1", "111", ".11"), { other: ["1.1", "111", ".11"] }],
  ];
  it.each(cases)("%s", (_, whole, expected) => {
    const parts = maskParts(whole);
    const found = Object.fromEntries(parts.map(({ rule, visibility }) => [rule, drawn(visibility)]));
    if (expected.causal && expected.padding) {
      // The first query is padding itself: what it sees follows no rule.
      expect(found.causal!.slice(1)).toEqual(expected.causal.slice(1));
      expect(found.padding).toEqual(expected.padding);
    } else expect(found).toEqual(expected);
    whole.visible.forEach((cell, i) =>
      expect(parts.every(({ visibility }) => visibility.visible[i] === 1)).toBe(cell === 1),
    );
  });
});
