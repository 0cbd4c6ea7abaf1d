import type { ReadonlySignal } from "@preact/signals-core";
import { chooseQueries } from "../../state/chooseQueries";
import type { Inspector } from "../../state/inspector";
import type { HeadGeometry } from "./geometry";
import type { HeadData } from "./headData";
import type { HeadPlace } from "./place";
import { seenCells } from "./viewport";

/** Arrows walk the cells, with Shift they extend the chosen queries; Enter chooses, with Ctrl in addition; Escape frees. */
export function listenToHeadKeys(
  figure: HTMLElement,
  inspector: Inspector,
  head: HeadData,
  place: HeadPlace,
  geometry: ReadonlySignal<HeadGeometry>,
): () => void {
  const onKey = (event: KeyboardEvent) => {
    const before = place.cell.peek();
    const first = head.rows.peek().placeOf(inspector.selection.peek().query ?? -1);
    const at = before ?? { query: Math.max(0, first), key: 0 };
    const { nRows, nColumns } = geometry.peek();
    const page = Math.max(1, Math.round(seenCells(head.viewport.peek(), geometry.peek()).rows / 4));
    const far = event.ctrlKey || event.metaKey;
    const step = before ? 1 : 0;
    const rows = head.rows.peek().groups;
    const go = (row: number, column: number) => {
      place.moveTo(row, column, geometry.peek());
      const reached = place.cell.peek();
      if (event.shiftKey && reached && reached.query !== before?.query)
        chooseQueries(inspector, rows, reached.query, "extend");
    };
    const moves: Record<string, () => void> = {
      ArrowUp: () => go(at.query - step, at.key),
      ArrowDown: () => go(at.query + step, at.key),
      ArrowLeft: () => go(at.query, at.key - step),
      ArrowRight: () => go(at.query, at.key + step),
      PageUp: () => go(at.query - page, at.key),
      PageDown: () => go(at.query + page, at.key),
      Home: () => go(far ? 0 : at.query, 0),
      End: () => go(far ? nRows - 1 : at.query, nColumns - 1),
      Enter: () =>
        chooseQueries(inspector, rows, at.query, event.shiftKey ? "extend" : far ? "toggle" : "only"),
      Escape: () => {
        if (before) inspector.pointed.value = undefined;
        else inspector.pin(undefined);
      },
    };
    const move = moves[event.key];
    if (!move || event.altKey) return;
    move();
    event.preventDefault();
    event.stopPropagation();
  };
  const onBlur = () => (inspector.pointed.value = undefined);
  figure.addEventListener("keydown", onKey);
  figure.addEventListener("blur", onBlur);
  return () => {
    figure.removeEventListener("keydown", onKey);
    figure.removeEventListener("blur", onBlur);
  };
}
