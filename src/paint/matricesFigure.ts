import { layoutTicks } from "./axis";
import { cssColour } from "./colour";
import { maskedCell, notANumberCell, quantise } from "./heatmap";
import { paperPalette, type Palette } from "./palette";
import { sequentialRamp, type ColourMap } from "./ramp";
import { weightScale } from "./scale";
import { element, monospace, svgDocument, text } from "./svg";
import { cellPatterns, svgCells, type EncodeImage } from "./svgCells";
import { legendHeight, svgLegend } from "./svgLegend";
import { columnEm, displayColumns, labelsWidth, shorten } from "./tokenText";

/** Several matrices of weights beside each other, as a figure for a paper. */
export interface MatricesFigure {
  readonly title: string;
  /** Lines under the title. */
  readonly subtitles: readonly string[];
  readonly panels: readonly MatrixPanel[];
  readonly squareRoot: boolean;
  readonly map?: ColourMap;
  readonly palette?: Palette;
  readonly encodeImage: EncodeImage;
}

export interface MatrixPanel {
  readonly title: string;
  /** Under the title: which head, a formula. */
  readonly subtitle?: string;
  readonly rowLabels: readonly string[];
  readonly columnLabels: readonly string[];
  /** Weights [rows, columns], row-major; the lengths are those of the labels. */
  readonly data: Float32Array;
  readonly isVisible?: (row: number, column: number) => boolean;
  /** Under the picture: what was written, how well. */
  readonly notes?: readonly string[];
}

const labelSize = 10;
const mostColumns = 16;
const margin = 16;
const gap = 36;
const panelHead = 34;
const noteHeight = 15;

export function matricesFigure(figure: MatricesFigure): string {
  const palette = figure.palette ?? paperPalette;
  const ramp = sequentialRamp(figure.map ?? "theme", palette);
  const scale = weightScale(figure.squareRoot);
  const foreground = cssColour(palette.foreground);
  const muted = cssColour(palette.muted);
  const head = margin + 16 + figure.subtitles.length * 16 + 8;
  const labelled = figure.panels.map(sizeOf);
  const keyHeight = Math.max(0, ...labelled.map(({ columnHeight }) => columnHeight));
  const top = head + panelHead + keyHeight + 4;
  const codes = new Set<number>();
  let x = margin;
  const panels = figure.panels.map((panel, index) => {
    const size = labelled[index]!;
    const left = x + size.rowWidth + 6;
    const place = { x: left, y: top, width: size.width, height: size.height };
    x = Math.max(left + size.width, x + titleWidth(panel)) + gap;
    const nColumns = panel.columnLabels.length;
    const cells = quantise(
      panel.data,
      panel.rowLabels.length,
      nColumns,
      scale,
      panel.isVisible ?? (() => true),
    );
    cells.codes.forEach((code) => codes.add(code));
    const frame = { ...place, fill: "none", stroke: cssColour(palette.line), "stroke-width": 0.75 };
    const notes = panel.notes ?? [];
    return [
      text(panel.title, left, head + 12, { "font-size": 12, "font-weight": 600, fill: foreground }),
      text(panel.subtitle ?? "", left, head + 26, { "font-size": 10, fill: muted }),
      ...axisLabels(panel, size, place, foreground),
      svgCells(cells, place, ramp, palette, figure.encodeImage),
      element("rect", frame),
      ...notes.map((note, line) =>
        text(note, left, top + size.height + 16 + line * noteHeight, { "font-size": 11, fill: foreground }),
      ),
    ].join("");
  });
  const bottom =
    top +
    Math.max(
      0,
      ...figure.panels.map(({ notes = [] }, index) => labelled[index]!.height + notes.length * noteHeight),
    );
  const legend = {
    x: margin,
    y: bottom + 20,
    width: 200,
    label: `attention weight${figure.squareRoot ? ", square-root scale" : ""}`,
    ramp,
    scale,
    hasMasked: codes.has(maskedCell),
    hasNotANumber: codes.has(notANumberCell),
  };
  return svgDocument(
    Math.max(
      x - gap + margin,
      margin * 2 + 420,
      ...figure.subtitles.map((line) => displayColumns(line) * 6.2 + 32),
    ),
    bottom + 20 + legendHeight + margin,
    cssColour(palette.background),
    figure.title,
    [
      cellPatterns(palette),
      text(figure.title, margin, margin + 12, { "font-size": 14, "font-weight": 600, fill: foreground }),
      ...figure.subtitles.map((line, index) =>
        text(line, margin, margin + 30 + index * 16, { "font-size": 11, fill: muted }),
      ),
      ...panels,
      svgLegend(legend, palette),
    ],
  );
}

function sizeOf({ rowLabels, columnLabels }: MatrixPanel) {
  const cell = Math.min(20, Math.max(2, 340 / Math.max(1, columnLabels.length)));
  const columnWidth = labelsWidth(columnLabels, labelSize, mostColumns);
  const isTurned = columnWidth > cell - 1;
  return {
    cell,
    isTurned,
    rowWidth: labelsWidth(rowLabels, labelSize, mostColumns),
    columnHeight: isTurned ? columnWidth : labelSize,
    width: cell * columnLabels.length,
    height: cell * rowLabels.length,
  };
}

function axisLabels(
  { rowLabels, columnLabels }: MatrixPanel,
  { cell, isTurned }: ReturnType<typeof sizeOf>,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  fill: string,
): string[] {
  const style = { "font-family": monospace, "font-size": labelSize, fill };
  const axis = { offset: 0, cellSize: cell, minGap: labelSize };
  const rows = layoutTicks({ ...axis, count: rowLabels.length, length: height }).map(({ index, position }) =>
    text(shorten(rowLabels[index]!, mostColumns), x - 5, y + position + labelSize * 0.36, {
      ...style,
      "text-anchor": "end",
    }),
  );
  const minGap = isTurned ? labelSize : labelSize * columnEm;
  const columns = layoutTicks({ ...axis, count: columnLabels.length, length: width, minGap }).map(
    ({ index, position }) => {
      const label = shorten(columnLabels[index]!, mostColumns);
      if (!isTurned) return text(label, x + position, y - 5, { ...style, "text-anchor": "middle" });
      const at = x + position + labelSize * 0.36;
      return text(label, at, y - 5, { ...style, transform: `rotate(-90 ${at} ${y - 5})` });
    },
  );
  return [...rows, ...columns];
}

function titleWidth({ title, subtitle = "", notes = [] }: MatrixPanel): number {
  return Math.max(
    displayColumns(title) * 7.2,
    displayColumns(subtitle) * 5.6,
    ...notes.map((note) => displayColumns(note) * 6.2),
  );
}
