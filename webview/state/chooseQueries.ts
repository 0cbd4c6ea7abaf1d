import type { TokenGroup } from "../../src/core/tokenLayout";
import type { Inspector } from "./inspector";

/** Alone, in addition (or away again), or everything from the one that was chosen last. */
export type HowToChoose = "only" | "toggle" | "extend";

/** As lists in VS Code do: with Ctrl (or the command key) in addition, with Shift a range. */
export function howToChoose(event: {
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
}): HowToChoose {
  if (event.shiftKey) return "extend";
  return event.ctrlKey || event.metaKey ? "toggle" : "only";
}

/** The queries that are chosen after a row (a token, or the tokens of a word) was clicked; `rows` in their order on screen. */
export function chosenQueries(
  before: readonly number[],
  anchor: number | undefined,
  rows: readonly TokenGroup[],
  at: number,
  how: HowToChoose,
): readonly number[] {
  const group = rows[at] ?? [];
  const has = group.every((query) => before.includes(query));
  if (how === "toggle") {
    return has ? before.filter((query) => !group.includes(query)) : [...before, ...group];
  }
  const from = how === "extend" ? rows.findIndex((row) => anchor !== undefined && row.includes(anchor)) : -1;
  if (from >= 0) return rows.slice(Math.min(from, at), Math.max(from, at) + 1).flat();
  return how === "only" && has && before.length === group.length ? [] : group;
}

/** Chooses a row of a view. A range keeps the place where it began. */
export function chooseQueries(
  inspector: Inspector,
  rows: readonly TokenGroup[],
  at: number,
  how: HowToChoose,
): void {
  const { query, queries } = inspector.selection.peek();
  const before = queries ?? (query === undefined ? [] : [query]);
  const anchor = how === "extend" ? (query ?? rows[at]?.[0]) : rows[at]?.[0];
  inspector.pinAll(chosenQueries(before, query, rows, at, how), anchor);
}
