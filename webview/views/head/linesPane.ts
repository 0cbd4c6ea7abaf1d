import { measureWords } from "../../../src/core/measures/measure";
import { computed, signal } from "@preact/signals-core";
import { groupLines, lineRows, type LineGroup, type LineRow } from "../../../src/paint/lines";
import { weightScale } from "../../../src/paint/scale";
import { onFrame } from "../../frame";
import { sizeCanvas } from "../../parts/canvas";
import { watchSize } from "../../parts/size";
import { chooseQueries, howToChoose } from "../../state/chooseQueries";
import type { ViewContext } from "../view";
import { columnBars, rowBars } from "./bars";
import type { HeadData } from "./headData";
import { linesLayout, lineRowHeight, paintLines, type LinesPicture } from "./paintLines";
import type { HeadPlace } from "./place";

/** Of the chosen queries, so many are drawn when they are scrolled away. */
const mostAway = 8;

/**
 * The head as lines: queries left, keys right. The box scrolls, the canvas stays and draws only the rows that are
 * seen, so 4,096 tokens cost no more than 40.
 */
export function mountLines(
  box: HTMLElement,
  context: ViewContext,
  head: HeadData,
  place: HeadPlace,
): () => void {
  const { inspector } = context;
  const canvas = document.createElement("canvas");
  canvas.setAttribute("aria-hidden", "true");
  const rail = document.createElement("div");
  rail.className = "lines-rail";
  const note = document.createElement("p");
  note.className = "hint lines-note";
  rail.append(canvas);
  box.append(rail, note);
  const { size, stop: stopSize } = watchSize(box);
  const scrolled = signal(0);

  const scale = computed(() =>
    weightScale(inspector.arrangement.value.squareRoot, context.data.largest.value),
  );
  const nRows = computed(() => Math.max(head.size.value.nRows, head.size.value.nColumns));
  const layout = computed(() =>
    linesLayout(size.value.width - 2, head.rows.value.labels, head.columns.value.labels),
  );
  const height = computed(() => Math.max(60, size.value.height - 40));
  const pointedColumn = computed(() => {
    const at = inspector.pointed.value;
    if (at?.kind !== "token" || at.axis !== "key") return undefined;
    const column = head.columns.value.placeOf(at.index);
    return column < 0 ? undefined : column;
  });

  /** Rows that are there; those of a large head are asked for. */
  const rowsOf = (first: number, end: number, others: readonly number[]): LineRow[] => {
    const { value: whole } = head.whole;
    const inside = others.filter((row) => row < first || row >= end).slice(0, mostAway);
    if (whole) {
      const last = Math.min(end, whole.nRows);
      return [...lineRows(whole.data, whole.nColumns, [...range(first, last), ...inside])];
    }
    const bands = head.large.value?.bands([[first, end], ...inside.map((row) => [row, row + 1] as const)]);
    return (bands ?? []).flatMap(({ queryStart, rows, columns, data }) =>
      [...lineRows(data, columns, range(0, rows))]
        .map(({ query, weights }) => ({ query: query + queryStart, weights }))
        .filter(({ query }) => (query >= first && query < end) || inside.includes(query)),
    );
  };
  /** Lines from all queries to one key. */
  const linesTo = (column: number): LineGroup[] => {
    const { value: whole } = head.whole;
    const weights = whole
      ? Float32Array.from({ length: whole.nRows }, (_, row) => whole.data[row * whole.nColumns + column]!)
      : head.large.value?.columnOf(column)?.data;
    if (!weights) return [];
    return groupLines(lineRows(weights, 1, range(0, weights.length)), scale.value).map(
      ({ strength, pairs }) => ({
        strength,
        pairs: pairs.map((index, at) => (at % 2 === 0 ? index : column)),
      }),
    );
  };

  const draw = () => {
    if (inspector.arrangement.value.form === "matrix") return;
    const { value: shown } = layout;
    const { measure } = inspector.selection.value;
    const shownHeight = Math.min(height.value, nRows.value * lineRowHeight + 4);
    rail.style.height = `${nRows.value * lineRowHeight + 4}px`;
    const ratio = sizeCanvas(canvas, shown.width, shownHeight);
    const pen = canvas.getContext("2d")!;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, shown.width, shownHeight);
    note.textContent = measure === "scores" ? "Lines show no scores; choose another measure above." : "";
    if (measure === "scores") return;
    const first = Math.max(0, Math.floor(scrolled.value / lineRowHeight));
    const end = Math.min(nRows.value, first + Math.ceil(shownHeight / lineRowHeight) + 1);
    const chosenRows = place.chosenRows.value;
    const column = pointedColumn.value;
    const isChosen = new Set(column === undefined ? chosenRows : []);
    const rows = rowsOf(first, Math.min(end, head.size.value.nRows), column === undefined ? chosenRows : []);
    const quiet = groupLines(
      rows.filter(({ query }) => !isChosen.has(query) && query >= first && query < end),
      scale.value,
    );
    const chosen =
      column === undefined
        ? groupLines(
            rows.filter(({ query }) => isChosen.has(query)),
            scale.value,
          )
        : linesTo(column);
    const picture: LinesPicture = {
      layout: shown,
      first,
      end,
      scrolled: scrolled.value,
      quiet,
      chosen,
      chosenRows: isChosen,
      chosenColumn: column,
      queryLabels: head.rows.value.labels,
      keyLabels: head.columns.value.labels,
      columnBars: columnBars(context, head),
      rowBars: rowBars(context, head),
      ramp: head.ramp.value,
      scale: scale.value,
      legend: measureWords[measure].legend,
      theme: inspector.theme.value,
    };
    note.textContent = paintLines(pen, picture);
  };

  const pointAt = (event: MouseEvent) => {
    const bounds = rail.getBoundingClientRect();
    const index = Math.floor((event.clientY - bounds.top - 2) / lineRowHeight);
    const x = event.clientX - bounds.left;
    const { left, right } = layout.peek();
    point(x > (left + right) / 2 ? "key" : "query", index);
  };
  const point = (axis: "query" | "key", index: number) => {
    const tokens = (axis === "query" ? head.rows : head.columns).peek().groups[index];
    const before = inspector.pointed.peek();
    const [first] = tokens ?? [];
    if (before?.kind === "token" && before.axis === axis && before.index === first) return;
    inspector.pointed.value =
      first === undefined
        ? undefined
        : { kind: "token", axis, index: first, ...(tokens!.length > 1 && { tokens }) };
  };
  const onKey = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = inspector.activeQuery.peek();
    const row = at === undefined ? -1 : head.rows.peek().placeOf(at);
    const { groups } = head.rows.peek();
    if (by) {
      const index = Math.min(groups.length - 1, Math.max(0, (row < 0 ? -by : row) + by));
      point("query", index);
      if (event.shiftKey) chooseQueries(inspector, groups, index, "extend");
      box.scrollTop = Math.min(box.scrollTop, index * lineRowHeight);
      box.scrollTop = Math.max(box.scrollTop, (index + 1) * lineRowHeight - height.peek());
    } else if (event.key === "Enter" && row >= 0) {
      chooseQueries(inspector, groups, row, howToChoose(event));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onScroll = () => (scrolled.value = box.scrollTop);
  const onClick = (event: MouseEvent) => {
    const at = inspector.pointed.peek();
    if (at?.kind !== "token" || at.axis !== "query") return;
    const { groups, placeOf } = head.rows.peek();
    chooseQueries(inspector, groups, placeOf(at.index), howToChoose(event));
  };
  const clear = () => (inspector.pointed.value = undefined);
  box.addEventListener("scroll", onScroll, { passive: true });
  box.addEventListener("keydown", onKey);
  box.addEventListener("blur", clear);
  canvas.addEventListener("pointermove", pointAt);
  canvas.addEventListener("pointerleave", clear);
  canvas.addEventListener("click", onClick);
  const stopDrawing = onFrame(draw);
  return () => {
    stopDrawing();
    stopSize();
    box.removeEventListener("scroll", onScroll);
    box.removeEventListener("keydown", onKey);
    box.removeEventListener("blur", clear);
    box.replaceChildren();
  };
}

function* range(start: number, end: number): Generator<number> {
  for (let index = start; index < end; index++) yield index;
}
