import { cellRange } from "../../src/core/pooling";
import { readoutWeight } from "../../src/paint/numberText";
import { showWhiteSpace } from "../../src/paint/tokenText";
import type { ComparedTokens, Comparison } from "../../src/protocol/comparison";

/** "Games (4)"; where the sides differ, "Games (4) | games (3)"; "∅" for a side without a partner. */
export function labelOf(group: ComparedTokens | undefined): string {
  const { a, b } = group ?? {};
  const side = (one: typeof a) => (one ? `${showWhiteSpace(one.text)} (${one.start})` : "∅");
  return a?.text === b?.text && a?.start === b?.start ? side(a) : `${side(a)} | ${side(b)}`;
}

/** A row or column of the pictures: one group of tokens, or the first and the last of those that are pooled in it. */
export function cellLabel(groups: readonly ComparedTokens[], cell: number, cells: number): string {
  const [first, end] = cellRange(cell, groups.length, cells);
  const last = end - first > 1 ? ` … ${labelOf(groups[end - 1])}` : "";
  return `${labelOf(groups[first])}${last}`;
}

/** The tokens and both weights at a cell of the pictures; of a pooled cell the strongest that it pools. Empty outside. */
export function cellText(
  shown: Comparison,
  row: number | undefined,
  column: number | undefined,
): { readonly tokens: string; readonly weights: readonly string[] } | undefined {
  if (row === undefined || column === undefined || row >= shown.rows || column >= shown.columns) return;
  const at = row * shown.columns + column;
  const query = cellLabel(shown.queries, row, shown.rows);
  const key = cellLabel(shown.keys, column, shown.columns);
  // A side without such a token has no weight there, not even 0.
  const has = (side: "a" | "b") =>
    holds(shown.queries, row, shown.rows, side) && holds(shown.keys, column, shown.columns, side);
  const a = has("a") ? readoutWeight(shown.a[at]!) : "∅";
  const b = has("b") ? readoutWeight(shown.b[at]!) : "∅";
  const areBoth = holds(shown.queries, row, shown.rows, "a") && holds(shown.queries, row, shown.rows, "b");
  const difference = areBoth ? signedWeight(shown.difference[at]!) : "∅";
  const weights = [`A ${a}`, `B ${b}`, `A − B ${difference}`];
  return { tokens: `${query} → ${key}`, weights };
}

/** Whether some of a cell's groups have tokens on that side. */
function holds(groups: readonly ComparedTokens[], cell: number, cells: number, side: "a" | "b"): boolean {
  return groups.slice(...cellRange(cell, groups.length, cells)).some((group) => group[side] !== undefined);
}

/** With its sign, so that a difference never reads as a weight. */
export function signedWeight(value: number): string {
  return `${value > 0 ? "+" : ""}${readoutWeight(value)}`;
}
