import { cssColour } from "./colour";
import { cellColours, maskedCell, paintCells, type Cells, type Pixels } from "./heatmap";
import type { Palette } from "./palette";
import type { Ramp } from "./ramp";
import type { Scale } from "./scale";
import { element, svgDocument, text } from "./svg";
import { cellPatterns, type EncodeImage } from "./svgCells";
import { legendHeight, svgLegend } from "./svgLegend";
import { displayColumns, shorten } from "./tokenText";

/** The list of heads as a figure: each with its thumbnail, its figure, and what it does; column by column. */
export interface HeadListFigure {
  readonly title: string;
  readonly subtitle: string;
  readonly heads: readonly HeadEntry[];
  /** What `HeadEntry.value` is: "induction", "JS divergence"; empty for none. */
  readonly valueName: string;
  readonly legend: string;
  readonly scale: Scale;
  readonly ramp: Ramp;
  readonly palette: Palette;
  readonly encodeImage: EncodeImage;
}

export interface HeadEntry {
  /** "L3 H1" */
  readonly name: string;
  /** What it does, with the figure that says so. */
  readonly description: string;
  /** Of the statistic by which the list is ordered. */
  readonly value: string;
  /** Absent where there is no picture of it. */
  readonly cells?: Cells;
}

const margin = 16;
const thumbnail = 40;
const rowHeight = thumbnail + 6;
const columnGap = 28;
const textGap = 10;
/** At most so many heads below each other. */
const mostRows = 24;
/** Advance of a column of text at 11 px, as the browsers' sans-serif has it. */
const columnPixels = 5.9;
const mostColumns = 72;
/** Pixels of the thumbnails for each of the figure. */
const density = 3;

export function headListFigure(figure: HeadListFigure): string {
  const { heads, palette } = figure;
  const nColumns = Math.max(1, Math.ceil(heads.length / mostRows));
  const nRows = Math.ceil(heads.length / nColumns);
  const textWidth = Math.max(
    170,
    ...heads.map(({ description }) => Math.min(mostColumns, displayColumns(description)) * columnPixels),
  );
  const width = thumbnail + textGap + textWidth;
  const top = margin + 42 + (figure.valueName ? 18 : 0);
  const bottom = top + nRows * rowHeight;
  const foreground = cssColour(palette.foreground);
  const muted = { fill: cssColour(palette.muted), "font-size": 11 };
  const colours = cellColours(figure.ramp, palette, density);
  const entries = heads.map((head, index) => {
    const x = margin + Math.floor(index / nRows) * (width + columnGap);
    const y = top + (index % nRows) * rowHeight;
    const textX = x + thumbnail + textGap;
    return [
      head.cells ? picture(head.cells, x, y, colours, figure) : "",
      text(head.name, textX, y + 15, { "font-weight": 600, fill: foreground }),
      text(head.value, x + width, y + 15, { "text-anchor": "end", fill: foreground }),
      text(shorten(head.description, mostColumns), textX, y + 32, muted),
    ].join("");
  });
  const inner = nColumns * width + (nColumns - 1) * columnGap;
  const widest = Math.max(
    inner,
    360,
    ...[figure.title, figure.subtitle].map((line) => displayColumns(line) * 6.4),
  );
  return svgDocument(
    widest + 2 * margin,
    bottom + 10 + legendHeight + margin,
    cssColour(palette.background),
    figure.title,
    [
      cellPatterns(palette),
      text(figure.title, margin, margin + 12, { "font-size": 14, "font-weight": 600, fill: foreground }),
      text(figure.subtitle, margin, margin + 30, muted),
      ...(figure.valueName
        ? Array.from({ length: nColumns }, (_, column) =>
            text(figure.valueName, margin + column * (width + columnGap) + width, top - 8, {
              ...muted,
              "text-anchor": "end",
            }),
          )
        : []),
      ...entries,
      svgLegend(
        {
          x: margin,
          y: bottom + 10,
          width: 220,
          label: figure.legend,
          ramp: figure.ramp,
          scale: figure.scale,
          hasMasked: heads.some(({ cells }) => cells?.codes.includes(maskedCell)),
          hasNotANumber: false,
        },
        palette,
      ),
    ],
  );
}

function picture(
  cells: Cells,
  x: number,
  y: number,
  colours: ReturnType<typeof cellColours>,
  { palette, encodeImage }: HeadListFigure,
): string {
  const { rows, columns } = cells;
  const longest = Math.max(rows, columns);
  const [width, height] = [(thumbnail * columns) / longest, (thumbnail * rows) / longest];
  const [nAcross, nDown] = [Math.ceil(width * density), Math.ceil(height * density)];
  const painted: Pixels = { width: nAcross, height: nDown, data: new Uint8ClampedArray(nAcross * nDown * 4) };
  const view = { row: 0, column: 0, cellWidth: nAcross / columns, cellHeight: nDown / rows };
  paintCells(painted, { x: 0, y: 0, width: nAcross, height: nDown }, cells, view, colours);
  const place = { x, y, width, height };
  return [
    element("image", { ...place, href: encodeImage(painted), preserveAspectRatio: "none" }),
    element("rect", { ...place, fill: "none", stroke: cssColour(palette.line), "stroke-width": 0.5 }),
  ].join("");
}
