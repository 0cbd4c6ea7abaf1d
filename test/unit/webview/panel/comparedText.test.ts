import { expect, it } from "vitest";
import type { Comparison } from "../../../../src/protocol/comparison";
import { cellText } from "../../../../webview/panel/comparedText";

const side = (start: number, text: string) => ({ start, end: start + 1, text });

it("gives no weight, not 0, to a side that has no such token", () => {
  const both = { a: side(0, "def"), b: side(0, "def") };
  const onlyB = { b: side(1, "sub") };
  const shown = {
    queries: [both, onlyB],
    keys: [both, onlyB],
    rows: 2,
    columns: 2,
    a: Float32Array.of(1, 0, 0, 0),
    b: Float32Array.of(1, 0, 0.75, 0.25),
    difference: new Float32Array(4),
  } as unknown as Comparison;
  expect(cellText(shown, 0, 0)!.weights).toEqual(["A 1", "B 1", "A − B 0"]);
  expect(cellText(shown, 1, 0)!.weights).toEqual(["A ∅", "B 0.7500", "A − B ∅"]);
  // A query that both have differs by all that B gives to a key that A lacks.
  expect(cellText(shown, 0, 1)!.weights).toEqual(["A ∅", "B 0", "A − B 0"]);
});
