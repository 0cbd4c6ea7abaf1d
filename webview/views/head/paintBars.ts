import { blend, cssColour } from "../../../src/paint/colour";
import { readoutWeight, tickText } from "../../../src/paint/numberText";
import { largestBar, type Bars } from "./bars";
import type { Theme } from "../../theme";
import { clipped } from "./clipped";
import type { HeadGeometry } from "./geometry";
import type { Viewport } from "./viewport";

/** The plot beside which bars stand. */
interface Plot {
  readonly geometry: HeadGeometry;
  readonly viewport: Viewport;
  readonly theme: Theme;
  readonly cell?: { readonly query: number; readonly key: number };
  readonly pinned: readonly number[];
}

/** Above the plot, one for each column; the number of the pointed one, or the largest, beside them. */
export function paintColumnBars(pen: CanvasRenderingContext2D, marks: Plot, bars: Bars): void {
  const { geometry, viewport, cell } = marks;
  const { values } = bars;
  const size = geometry.cell * viewport.zoom;
  const most = largestBar(bars);
  const bottom = geometry.top - 2;
  clipped(pen, geometry.left, bottom - geometry.sumsHeight, geometry.plotWidth, geometry.sumsHeight, () => {
    for (const bar of barsInView(values, viewport.column, size, geometry.plotWidth)) {
      const height = (bar.value / most) * geometry.sumsHeight;
      pen.fillStyle = barColour(
        marks,
        bars,
        cell !== undefined && cell.key >= bar.first && cell.key < bar.end,
      );
      const width = Math.max(0.5, bar.length - 2 * inset(size));
      pen.fillRect(geometry.left + bar.start + inset(size), bottom - height, width, height);
    }
  });
  if (!geometry.entropyWidth) return;
  const value = cell ? readoutWeight(values[cell.key] ?? 0) : `≤ ${tickText(most)}`;
  caption(pen, marks, `${bars.name} ${value}`, bottom - geometry.sumsHeight / 2, bars.isChosen);
}

export function paintRowBars(pen: CanvasRenderingContext2D, marks: Plot, bars: Bars): void {
  const { geometry, viewport, cell, pinned } = marks;
  const { values, name, unit } = bars;
  const size = geometry.cell * viewport.zoom;
  const most = largestBar(bars);
  const left = geometry.left + geometry.plotWidth + 4;
  const chosen = new Set(cell ? [cell.query] : pinned);
  clipped(pen, left, geometry.top, geometry.entropyWidth, geometry.plotHeight, () => {
    for (const bar of barsInView(values, viewport.row, size, geometry.plotHeight)) {
      const width = (bar.value / most) * geometry.entropyWidth;
      let isChosen = false;
      for (let row = bar.first; row < bar.end; row++) isChosen ||= chosen.has(row);
      pen.fillStyle = barColour(marks, bars, isChosen);
      pen.fillRect(
        left,
        geometry.top + bar.start + inset(size),
        width,
        Math.max(0.5, bar.length - 2 * inset(size)),
      );
    }
  });
  const at = cell?.query ?? (pinned.length === 1 ? pinned[0] : undefined);
  const below = geometry.top + geometry.plotHeight;
  const number = at === undefined ? most : (values[at] ?? 0);
  const text = unit ? `${number.toFixed(at === undefined ? 1 : 2)} ${unit}` : readoutWeight(number);
  caption(pen, marks, at === undefined ? `≤ ${text}` : text, below + 10);
  caption(pen, marks, name, below + 22);
}

/** A bar of the values [first, end), in pixels from the plot's start. */
interface Bar {
  readonly first: number;
  readonly end: number;
  readonly start: number;
  readonly length: number;
  readonly value: number;
}

/** One bar for each value, or for each pixel the largest of its values where several share it. */
function* barsInView(values: Float32Array, offset: number, size: number, length: number): Generator<Bar> {
  const perBar = Math.max(1, Math.ceil(1 / size - 1e-9));
  const from = Math.floor(offset / perBar) * perBar;
  for (let first = from; first < values.length; first += perBar) {
    const start = (first - offset) * size;
    if (start > length) return;
    const end = Math.min(values.length, first + perBar);
    let value = 0;
    for (let at = first; at < end; at++) value = Math.max(value, values[at]!);
    yield { first, end, start, length: (end - first) * size, value };
  }
}

function barColour({ theme: { palette } }: Plot, bars: Bars, isPointed: boolean): string {
  if (isPointed) return cssColour(palette.query);
  if (bars.isChosen) return cssColour(blend(palette.background, palette.query, 0.6));
  return cssColour(blend(palette.background, palette.foreground, 0.38));
}

/** A number at the right of the plot, for the bars. */
function caption(
  pen: CanvasRenderingContext2D,
  { geometry, theme }: Plot,
  text: string,
  y: number,
  isChosen = false,
): void {
  pen.font = `10px ${theme.font}`;
  pen.fillStyle = cssColour(isChosen ? theme.palette.query : theme.palette.muted);
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  pen.fillText(text, geometry.left + geometry.plotWidth + 4 + geometry.entropyWidth, y);
}

function inset(size: number): number {
  return size > 6 ? 1 : 0;
}
