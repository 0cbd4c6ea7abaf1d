import { describe, expect, it } from "vitest";
import { blockRule, maskRule } from "../../../src/core/maskRule";
import { windowAt, windowsOf, type WindowCut } from "../../../src/core/windows";

const cut = (nTokens: number, length: number, isCausal = true, nBefore = 0, nAfter = 0): WindowCut => ({
  nTokens,
  length,
  isCausal,
  nBefore,
  nAfter,
});

describe("windows of a text", () => {
  it.each([
    [cut(513, 512), 2],
    [cut(2071, 512), 8],
    [cut(300, 128, false, 1, 1), 4],
    [cut(65, 64, false, 0, 1), 2],
  ])(
    "%o: each query belongs to exactly one window, which holds it, and no window is too long",
    (of, count) => {
      const windows = windowsOf(of);
      expect(windows).toHaveLength(count);
      for (let query = 0; query < of.nTokens; query++) {
        const owners = windows.filter(({ queryStart, queryEnd }) => query >= queryStart && query < queryEnd);
        expect(owners, `query ${query}`).toHaveLength(1);
        expect(query).toBeGreaterThanOrEqual(owners[0]!.start);
        expect(query).toBeLessThan(owners[0]!.end);
      }
      windows.forEach(({ start, end }, i) => {
        const ends = (i === 0 ? 0 : of.nBefore) + (i === windows.length - 1 ? 0 : of.nAfter);
        expect(end - start + ends).toBeLessThanOrEqual(of.length);
      });
      expect([windows[0]!.start, windows.at(-1)!.end]).toEqual([0, of.nTokens]);
    },
  );

  it("show a query of a causal model at least half a window of what comes before it", () => {
    for (const { start, queryStart } of windowsOf(cut(5000, 512)).slice(1)) {
      expect(queryStart - start).toBeGreaterThanOrEqual(256);
    }
  });

  it("hide from a mask's rule what lies outside the query's window, cell by cell and in blocks", () => {
    const windows = windowsOf(cut(100, 40));
    const mask = { kind: "causal" as const, windows };
    const rule = maskRule(mask)!;
    const block = blockRule(mask)!;
    for (let query = 0; query < 100; query++) {
      const window = windowAt(windows, query)!;
      for (let key = 0; key < 100; key++) {
        const expected = key <= query && key >= window.start && key < window.end;
        expect(rule(query, key), `${query} ${key}`).toBe(expected);
      }
    }
    for (let row = 0; row < 100; row += 10) {
      for (let column = 0; column < 100; column += 10) {
        let some = false;
        for (let i = 0; i < 100; i++) some ||= rule(row + (i % 10), column + Math.floor(i / 10));
        expect(block(row, row + 10, column, column + 10), `${row} ${column}`).toBe(some);
      }
    }
  });
});
