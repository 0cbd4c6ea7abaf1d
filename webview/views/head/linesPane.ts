import { computed, signal } from "@preact/signals-core";
import { cssColour } from "../../../src/paint/colour";
import { groupLines, lineOpacity, lineWidth, weakestLine, type LineGroup } from "../../../src/paint/lines";
import { tickText } from "../../../src/paint/numberText";
import { rampColour } from "../../../src/paint/ramp";
import { weightScale } from "../../../src/paint/scale";
import { displayColumns, shorten } from "../../../src/paint/tokenText";
import { onFrame } from "../../frame";
import { sizeCanvas } from "../../parts/canvas";
import { watchSize } from "../../parts/size";
import { mostCells } from "../../state/runData";
import type { ViewContext } from "../view";
import { labelSize } from "./geometry";
import type { HeadData } from "./headData";

const rowHeight = 18;
const widest = 560;

/**
 * The head as lines: queries left, keys right. The box scrolls, the canvas stays and draws only the rows that are
 * seen, so 512 tokens cost no more than 40.
 */
export function mountLines(box: HTMLElement, context: ViewContext, head: HeadData): () => void {
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

  const scale = computed(() => weightScale(inspector.arrangement.value.squareRoot));
  const matrix = computed(() => {
    const slice = head.whole.value?.slice;
    const { nRows, nColumns } = head.size.value;
    const isWeights = inspector.selection.value.measure === "weights";
    return isWeights && slice && slice.rows === nRows && slice.columns === nColumns ? slice : undefined;
  });
  const width = computed(() => Math.min(widest, Math.max(220, size.value.width - 2)));
  const edges = computed(() => {
    const widthOf = (labels: readonly string[]) =>
      Math.min(
        width.value * 0.3,
        labels.reduce((most, label) => Math.max(most, displayColumns(label)), 3) * labelSize * 0.61 + 8,
      );
    return {
      left: widthOf(inspector.queries.value.labels),
      right: width.value - widthOf(inspector.keys.value.labels),
    };
  });
  const height = computed(() => Math.max(60, size.value.height - 24));
  const rows = computed(() => Math.max(head.size.value.nRows, head.size.value.nColumns));
  const pointedKey = computed(() => {
    const at = inspector.pointed.value;
    return at?.kind === "token" && at.axis === "key" ? at.index : undefined;
  });

  const draw = () => {
    const shownHeight = Math.min(height.value, rows.value * rowHeight + 4);
    rail.style.height = `${rows.value * rowHeight + 4}px`;
    const ratio = sizeCanvas(canvas, width.value, shownHeight);
    const pen = canvas.getContext("2d")!;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width.value, shownHeight);
    const slice = matrix.value;
    note.textContent = slice
      ? `Lines thicken with the weight; below ${tickText(weakestLine(scale.value))} none is drawn.`
      : lackOf(inspector.selection.value.measure, rows.value);
    if (!slice) return;
    const first = Math.max(0, Math.floor(scrolled.value / rowHeight));
    const end = Math.min(rows.value, first + Math.ceil(shownHeight / rowHeight) + 1);
    const y = (index: number) => (index + 0.5) * rowHeight - scrolled.value + 2;
    const { left, right } = edges.value;
    const query = inspector.activeQuery.value;
    const key = pointedKey.value;
    const isChosen = (at: number, to: number) => (key === undefined ? at === query : to === key);
    const hasChoice = query !== undefined || key !== undefined;
    const seen = range(first, Math.min(end, slice.rows));
    const quiet = groupLines(slice.data, slice.columns, seen, scale.value, (at, to) => !isChosen(at, to));
    const chosen = groupLines(
      slice.data,
      slice.columns,
      key === undefined ? [query ?? -1] : range(0, slice.rows),
      scale.value,
      isChosen,
    );
    const { palette } = inspector.theme.value;
    const stroke = (groups: readonly LineGroup[], colour: string, opacity: number) => {
      pen.strokeStyle = colour;
      for (const { strength, pairs } of groups) {
        pen.globalAlpha = lineOpacity(strength) * opacity;
        pen.lineWidth = lineWidth(strength);
        pen.beginPath();
        for (let at = 0; at < pairs.length; at += 2) {
          const from = y(pairs[at]!);
          const to = y(pairs[at + 1]!);
          const bend = (left + right) / 2;
          pen.moveTo(left, from);
          pen.bezierCurveTo(bend, from, bend, to, right, to);
        }
        pen.stroke();
      }
      pen.globalAlpha = 1;
    };
    stroke(quiet, cssColour(rampColour(head.ramp.value, 0.8)), hasChoice ? 0.22 : 1);
    stroke(chosen, cssColour(palette.query), 1);
    const columns = (space: number) => Math.max(3, Math.floor((space - 8) / (labelSize * 0.61)));
    pen.textBaseline = "middle";
    const label = (text: string, index: number, x: number, isStrong: boolean) => {
      pen.font = `${isStrong ? "bold " : ""}${labelSize}px ${inspector.theme.value.tokenFont}`;
      pen.fillStyle = cssColour(isStrong ? palette.query : palette.foreground);
      pen.fillText(text, x, y(index));
    };
    for (let index = first; index < end; index++) {
      pen.textAlign = "right";
      const queryLabel = inspector.queries.value.labels[index];
      if (queryLabel !== undefined)
        label(shorten(queryLabel, columns(left)), index, left - 6, index === query && key === undefined);
      pen.textAlign = "left";
      const keyLabel = inspector.keys.value.labels[index];
      if (keyLabel !== undefined)
        label(shorten(keyLabel, columns(width.value - right)), index, right + 6, index === key);
    }
  };

  const pointAt = (event: MouseEvent) => {
    const bounds = rail.getBoundingClientRect();
    const index = Math.floor((event.clientY - bounds.top - 2) / rowHeight);
    const x = event.clientX - bounds.left;
    const { left, right } = edges.peek();
    const { nRows, nColumns } = head.size.peek();
    const axis = x > (left + right) / 2 ? "key" : "query";
    const inside = index >= 0 && index < (axis === "query" ? nRows : nColumns);
    const before = inspector.pointed.peek();
    if (before?.kind === "token" && inside && before.axis === axis && before.index === index) return;
    inspector.pointed.value = inside ? { kind: "token", axis, index } : undefined;
  };
  const onKey = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = inspector.activeQuery.peek();
    if (by) {
      const index = Math.min(head.size.peek().nRows - 1, Math.max(0, (at ?? -by) + by));
      inspector.pointed.value = { kind: "token", axis: "query", index };
      box.scrollTop = Math.min(box.scrollTop, index * rowHeight);
      box.scrollTop = Math.max(box.scrollTop, (index + 1) * rowHeight - height.peek());
    } else if (event.key === "Enter" && at !== undefined) {
      inspector.pin(inspector.selection.peek().query === at ? undefined : at);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onScroll = () => (scrolled.value = box.scrollTop);
  const onClick = () => {
    const at = inspector.pointed.peek();
    if (at?.kind === "token" && at.axis === "query") {
      inspector.pin(inspector.selection.peek().query === at.index ? undefined : at.index);
    }
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

function lackOf(measure: string, nTokens: number): string {
  if (measure !== "weights") return "Lines show weights; choose Weights above.";
  return nTokens > mostCells
    ? `Lines show single tokens, at most ${mostCells}; this run has ${nTokens}.`
    : "";
}

function* range(start: number, end: number): Generator<number> {
  for (let index = start; index < end; index++) yield index;
}
