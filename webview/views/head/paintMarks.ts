import { layoutTicks } from "../../../src/paint/axis";
import { blend, cssColour } from "../../../src/paint/colour";
import { signedText, tickText } from "../../../src/paint/numberText";
import type { Palette } from "../../../src/paint/palette";
import type { Ramp } from "../../../src/paint/ramp";
import { rampColour } from "../../../src/paint/ramp";
import { place, scaleTicks, type Scale } from "../../../src/paint/scale";
import { shorten } from "../../../src/paint/tokenText";
import type { Theme } from "../../theme";
import type { Bars } from "./bars";
import { labelSize, type HeadGeometry } from "./geometry";
import type { Hidden } from "./headData";
import { clipped } from "./clipped";
import { paintColumnBars, paintRowBars } from "./paintBars";
import type { Viewport } from "./viewport";

/** Everything around and over the cells. */
export interface Marks {
  readonly geometry: HeadGeometry;
  readonly viewport: Viewport;
  readonly theme: Theme;
  readonly queryLabels: readonly string[];
  readonly keyLabels: readonly string[];
  /** Row and column that are pointed at, and the rows of all chosen queries, ascending. */
  readonly cell?: { readonly query: number; readonly key: number };
  readonly pinned: readonly number[];
  readonly columnBars?: Bars;
  readonly rowBars?: Bars;
  readonly ramp: Ramp;
  readonly scale: Scale;
  readonly label: string;
  /** Ways in which cells without a value are painted. */
  readonly hidden: readonly Hidden[];
  /** The value under the pointer, marked on the colour bar. */
  readonly value?: number;
}

export function paintMarks(pen: CanvasRenderingContext2D, marks: Marks): void {
  const { geometry, theme } = marks;
  pen.clearRect(0, 0, geometry.width, geometry.height);
  pen.lineWidth = 1;
  pen.strokeStyle = cssColour(theme.palette.line);
  pen.strokeRect(geometry.left - 0.5, geometry.top - 0.5, geometry.plotWidth + 1, geometry.plotHeight + 1);
  paintAxes(pen, marks);
  if (marks.columnBars && geometry.sumsHeight) paintColumnBars(pen, marks, marks.columnBars);
  if (marks.rowBars && geometry.entropyWidth) paintRowBars(pen, marks, marks.rowBars);
  paintFrames(pen, marks);
  paintLegend(pen, marks);
}

function paintAxes(pen: CanvasRenderingContext2D, marks: Marks): void {
  const { geometry, viewport, theme, cell, pinned } = marks;
  const { palette } = theme;
  const size = geometry.cell * viewport.zoom;
  const axis = { cellSize: size, minGap: labelSize + 2 };
  const token = `${labelSize}px ${theme.tokenFont}`;
  const strong = `bold ${token}`;
  const columns = (width: number) => Math.max(3, Math.floor(width / (labelSize * 0.61)));
  const isStrong = (axis: "query" | "key", index: number) =>
    cell?.[axis] === index || (axis === "query" && pinned.includes(index));
  const colourOf = (axis: "query" | "key", index: number) =>
    cssColour(axis === "query" && isStrong(axis, index) ? palette.query : palette.foreground);

  pen.textBaseline = "middle";
  pen.textAlign = "right";
  const always = [...(cell ? [cell.query] : []), ...pinned.slice(0, mostNamed)];
  const rows = layoutTicks({
    ...axis,
    count: geometry.nRows,
    offset: viewport.row,
    length: geometry.plotHeight,
    always,
  });
  const queryColumns = columns(geometry.left - 22);
  for (const { index, position } of rows) {
    pen.font = isStrong("query", index) ? strong : token;
    pen.fillStyle = colourOf("query", index);
    pen.fillText(
      shorten(marks.queryLabels[index] ?? "", queryColumns),
      geometry.left - 6,
      geometry.top + position,
    );
  }
  const base = geometry.top - (geometry.sumsHeight ? geometry.sumsHeight + 2 : 0) - 5;
  const keyTicks = layoutTicks({
    ...axis,
    minGap: geometry.turned ? axis.minGap : 1,
    count: geometry.nColumns,
    offset: viewport.column,
    length: geometry.plotWidth,
    always: cell ? [cell.key] : [],
  });
  const keyColumns = columns(base - 14);
  for (const { index, position } of keyTicks) {
    pen.font = isStrong("key", index) ? strong : token;
    pen.fillStyle = colourOf("key", index);
    const label = marks.keyLabels[index] ?? "";
    pen.save();
    pen.translate(geometry.left + position, base);
    if (geometry.turned) {
      pen.rotate(-Math.PI / 2);
      pen.textAlign = "left";
      pen.fillText(shorten(label, keyColumns), 0, 0);
    } else {
      pen.textAlign = "center";
      pen.textBaseline = "bottom";
      pen.fillText(label, 0, 2);
    }
    pen.restore();
  }
  pen.font = `10px ${theme.font}`;
  pen.fillStyle = cssColour(palette.muted);
  pen.textAlign = "left";
  pen.textBaseline = "top";
  pen.fillText("key →", geometry.left, 0);
  pen.save();
  pen.translate(6, geometry.top + Math.min(40, geometry.plotHeight));
  pen.rotate(-Math.PI / 2);
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  pen.fillText("← query", Math.min(40, geometry.plotHeight), 0);
  pen.restore();
}

/** Neighbouring rows as one. */
function runsOf(rows: readonly number[]): { first: number; end: number }[] {
  const runs: { first: number; end: number }[] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    if (last?.end === row) last.end++;
    else runs.push({ first: row, end: row + 1 });
  }
  return runs;
}

/** The pinned row, and the crosshair with the cell itself. */
function paintFrames(pen: CanvasRenderingContext2D, marks: Marks): void {
  const { geometry, viewport, theme, cell, pinned } = marks;
  const { left, top, plotWidth, plotHeight } = geometry;
  const size = geometry.cell * viewport.zoom;
  const shown = Math.max(1, size);
  const x = cell && left + (cell.key - viewport.column) * size;
  const y = (query: number) => top + (query - viewport.row) * size;
  const query = cssColour(theme.palette.query);
  clipped(pen, left - 2, top - 2, plotWidth + 4, plotHeight + 4, () => {
    pen.strokeStyle = query;
    pen.lineWidth = 1.5;
    for (const { first, end } of runsOf(pinned)) {
      if (end - first === 1 && shown < 7 && first === cell?.query) continue;
      pen.strokeRect(left - 0.5, y(first) - 0.5, plotWidth + 1, Math.max(1, (end - first) * size) + 1);
    }
    if (cell && x !== undefined) {
      pen.strokeStyle = cssColour(blend(theme.palette.background, theme.palette.foreground, 0.55));
      pen.lineWidth = 0.75;
      pen.beginPath();
      // Both edges of a column; its middle where the edges would cover it.
      const edges = (start: number) => (shown < 7 ? [start + shown / 2] : [start, start + shown]);
      for (const edge of edges(x)) pen.rect(edge, top, 0, plotHeight);
      for (const edge of edges(y(cell.query))) pen.rect(left, edge, plotWidth, 0);
      pen.stroke();
      pen.lineWidth = 2;
      pen.strokeStyle = query;
      pen.strokeRect(x - 1, y(cell.query) - 1, shown + 2, shown + 2);
    }
  });
}

function paintLegend(pen: CanvasRenderingContext2D, marks: Marks): void {
  const { geometry, theme, ramp, scale } = marks;
  const { palette } = theme;
  const width = Math.min(220, Math.max(140, geometry.plotWidth * 0.5));
  const x = geometry.left;
  const y = geometry.legendTop + 2;
  const height = 9;
  for (let at = 0; at < width; at++) {
    pen.fillStyle = cssColour(rampColour(ramp, (at + 0.5) / width));
    pen.fillRect(x + at, y, 1.5, height);
  }
  pen.lineWidth = 1;
  pen.strokeStyle = cssColour(palette.line);
  pen.strokeRect(x - 0.5, y - 0.5, width + 1.5, height + 1);
  pen.font = `10px ${theme.font}`;
  pen.fillStyle = cssColour(palette.muted);
  pen.textBaseline = "top";
  const ticks = scaleTicks(scale);
  ticks.forEach((value, index) => {
    pen.textAlign = index === 0 ? "left" : index === ticks.length - 1 ? "right" : "center";
    pen.fillText(
      scale.kind === "signed" ? signedText(value) : tickText(value),
      x + place(scale, value) * width,
      y + height + 4,
    );
  });
  if (marks.value !== undefined && Number.isFinite(marks.value)) {
    const at = x + place(scale, marks.value) * width;
    pen.fillStyle = cssColour(palette.query);
    pen.beginPath();
    pen.moveTo(at, y + height);
    pen.lineTo(at - 4, y - 5);
    pen.lineTo(at + 4, y - 5);
    pen.closePath();
    pen.fill();
  }
  pen.fillStyle = cssColour(palette.muted);
  pen.textAlign = "left";
  pen.fillText(marks.label, x, y + height + 18);
  // Beside the bar, or beside its label where the captions of the rows' bars stand in the way.
  const isTight = width + 76 > geometry.plotWidth;
  let keyX = x + 16 + (isTight ? pen.measureText(marks.label).width : width);
  const keyY = isTight ? y + height + 19 : y;
  for (const hidden of marks.hidden) {
    clipped(pen, keyX, keyY, 12, height, () => paintPattern(pen, hidden, keyX, keyY, height, palette));
    pen.strokeStyle = cssColour(palette.line);
    pen.lineWidth = 1;
    pen.strokeRect(keyX - 0.5, keyY - 0.5, 13, height + 1);
    pen.fillStyle = cssColour(palette.muted);
    pen.fillText(hidden.label, keyX + 18, keyY - 1);
    keyX += 18 + pen.measureText(hidden.label).width + 12;
  }
}

function paintPattern(
  pen: CanvasRenderingContext2D,
  { pattern }: Hidden,
  x: number,
  y: number,
  height: number,
  palette: Palette,
): void {
  if (pattern === "not-computed") {
    pen.fillStyle = cssColour(blend(palette.background, palette.foreground, 0.09));
    pen.fillRect(x, y, 12, height);
    pen.fillStyle = cssColour(blend(palette.background, palette.foreground, 0.45));
    for (let at = 0; at < 12; at += 4) for (const row of [1, 5]) pen.fillRect(x + at + 1, y + row, 2, 2);
    return;
  }
  pen.strokeStyle = cssColour(blend(palette.background, palette.foreground, 0.35));
  pen.lineWidth = 0.75;
  pen.beginPath();
  for (let step = -height; step < 12; step += 4) {
    pen.moveTo(x + step, y + height);
    pen.lineTo(x + step + height, y);
  }
  pen.stroke();
}

/** So many chosen rows are named beside the axis however dense it is. */
const mostNamed = 40;
