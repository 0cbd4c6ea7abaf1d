import { legendText, type ShownMeasure } from "../core/measures/measure";
import { layoutTicks } from "./axis";
import { cssColour } from "./colour";
import { maskedCell, notANumberCell, notComputedCell, quantise } from "./heatmap";
import { tickText } from "./numberText";
import { paperPalette, type Palette } from "./palette";
import { divergingRamp, sequentialRamp, type ColourMap } from "./ramp";
import { scoreScale, weightScale } from "./scale";
import { element, monospace, pixels, svgDocument, text } from "./svg";
import { cellPatterns, svgCells, type EncodeImage } from "./svgCells";
import { legendHeight, svgLegend } from "./svgLegend";
import { displayColumns, labelsWidth, shorten } from "./tokenText";

/** One head as a figure for a paper. */
export interface HeadFigure {
  /** "Layer 3, head 1". */
  readonly title: string;
  /** Model, number of tokens, the text: one line. */
  readonly subtitle?: string;
  /** What is shown of the tokens, and in what order: one more line. */
  readonly note?: string;
  /** As `tokenLabels` makes them. Labels of the rows (queries) and of the columns (keys). */
  readonly queryLabels: readonly string[];
  readonly keyLabels: readonly string[];
  /** [queries, keys], row-major; the lengths are those of the labels. */
  readonly data: Float32Array;
  readonly measure: ShownMeasure;
  /** The value at the top of the scale, of all measures but scores; 1 when absent. */
  readonly largest?: number;
  /** Masked cells are hatched; everything is visible when absent. */
  readonly isVisible?: (query: number, key: number) => boolean;
  /** Of what is not visible: whether a mask hides it; all is when absent. */
  readonly isComputed?: (query: number, key: number) => boolean;
  /** Not for scores. Absent: true, as in the inspector. */
  readonly squareRoot?: boolean;
  readonly map?: ColourMap;
  readonly palette?: Palette;
  /** The rows of these queries are outlined. */
  readonly chosen?: readonly number[];
  /** Numbers for each column above, and for each row at the right, as bars. */
  readonly columnBars?: FigureBars;
  readonly rowBars?: FigureBars;
  readonly encodeImage: EncodeImage;
}

export interface FigureBars {
  readonly name: string;
  readonly values: Float32Array;
}

const labelSize = 11;
const columnBarHeight = 24;
const rowBarWidth = 56;
const mostColumns = 18;

export function headFigure(figure: HeadFigure): string {
  const palette = figure.palette ?? paperPalette;
  const { queryLabels, keyLabels, data } = figure;
  const nQueries = queryLabels.length;
  const nKeys = keyLabels.length;
  const isVisible = figure.isVisible ?? (() => true);
  const isScores = figure.measure === "scores";
  const squareRoot = figure.squareRoot ?? true;
  const scale = isScores
    ? scoreScale(data, (index) => isVisible(Math.floor(index / nKeys), index % nKeys))
    : weightScale(squareRoot, figure.largest);
  const ramp = isScores ? divergingRamp(palette) : sequentialRamp(figure.map ?? "theme", palette);
  const cells = quantise(data, nQueries, nKeys, scale, isVisible, figure.isComputed);

  const cell = Math.min(
    28,
    Math.max(640 / Math.max(nQueries, nKeys), Math.min(9, 900 / Math.max(nQueries, nKeys))),
  );
  const width = cell * nKeys;
  const height = cell * nQueries;
  const queryWidth = labelsWidth(queryLabels, labelSize, mostColumns);
  const keyWidth = labelsWidth(keyLabels, labelSize, mostColumns);
  const turned = keyWidth > cell - 2;
  const margin = 16;
  const left = margin + 16 + queryWidth + 6;
  const barHeight = figure.columnBars ? columnBarHeight + 4 : 0;
  const headLines = (figure.subtitle ? 40 : 22) + (figure.note ? 16 : 0);
  const top = margin + headLines + 18 + (turned ? keyWidth : labelSize) + 6 + barHeight;
  const labelBase = top - 6 - barHeight;
  const right = left + width;
  const chosen = figure.chosen ?? [];
  const bottom = top + height;
  const barWidth = Math.min(240, Math.max(160, width * 0.5));
  const foreground = cssColour(palette.foreground);
  const muted = cssColour(palette.muted);

  const labels = { "font-family": monospace, "font-size": labelSize, fill: foreground };
  const always = chosen.slice(0, 40);
  const axis = { offset: 0, cellSize: cell, minGap: labelSize + 1 };
  const rows = layoutTicks({ ...axis, count: nQueries, length: height, always }).map(({ index, position }) =>
    text(shorten(queryLabels[index]!, mostColumns), left - 6, top + position + labelSize * 0.36, {
      ...labels,
      "text-anchor": "end",
      ...(chosen.includes(index) && { "font-weight": "bold", fill: cssColour(palette.query) }),
    }),
  );
  const columns = layoutTicks({ ...axis, count: nKeys, length: width, minGap: turned ? axis.minGap : 1 }).map(
    ({ index, position }) => {
      const x = left + position;
      const label = shorten(keyLabels[index]!, mostColumns);
      if (!turned) return text(label, x, labelBase, { ...labels, "text-anchor": "middle" });
      const turn = { transform: `rotate(-90 ${x + labelSize * 0.36} ${labelBase})` };
      return text(label, x + labelSize * 0.36, labelBase, { ...labels, ...turn });
    },
  );
  const chosenRows = chosen.map((row) =>
    element("rect", {
      x: left - 0.75,
      y: top + row * cell - 0.75,
      width: width + 1.5,
      height: cell + 1.5,
      fill: "none",
      stroke: cssColour(palette.query),
      "stroke-width": 1.5,
    }),
  );
  const axisTitle = { "font-size": 10, fill: muted };
  const middleY = top + height / 2;
  const label = legendText(figure.measure, squareRoot);
  const codes = new Set(cells.codes);
  return svgDocument(
    Math.max(
      right + (figure.columnBars || figure.rowBars ? 130 : 0) + margin,
      left + displayColumns(figure.note ?? "") * 5.8 + margin,
      left + barWidth + 190,
      left + displayColumns(figure.subtitle ?? "") * 5.8 + margin,
    ),
    bottom + 14 + legendHeight + margin,
    cssColour(palette.background),
    figure.title,
    [
      cellPatterns(palette),
      text(figure.title, left, margin + 12, { "font-size": 14, "font-weight": 600, fill: foreground }),
      ...(figure.subtitle
        ? [text(figure.subtitle, left, margin + 30, { "font-size": 11, fill: muted })]
        : []),
      ...(figure.note
        ? [text(figure.note, left, margin + headLines - 10, { "font-size": 11, fill: muted })]
        : []),
      text("key", left + width / 2, labelBase - (turned ? keyWidth : labelSize) - 7, {
        ...axisTitle,
        "text-anchor": "middle",
      }),
      text("query", margin + 8, middleY, {
        ...axisTitle,
        "text-anchor": "middle",
        transform: `rotate(-90 ${margin + 8} ${middleY})`,
      }),
      ...rows,
      ...columns,
      svgCells(cells, { x: left, y: top, width, height }, ramp, palette, figure.encodeImage),
      element("rect", {
        x: left,
        y: top,
        width,
        height,
        fill: "none",
        stroke: cssColour(palette.line),
        "stroke-width": 0.75,
      }),
      ...chosenRows,
      ...columnBars(figure.columnBars, left, top - 3, cell, muted),
      ...rowBars(figure.rowBars, right + 4, top, bottom, cell, muted),
      svgLegend(
        {
          x: left,
          y: bottom + 14,
          width: barWidth,
          label,
          ramp,
          scale,
          hasMasked: codes.has(maskedCell),
          hasNotANumber: codes.has(notANumberCell),
          hasNotComputed: codes.has(notComputedCell),
        },
        palette,
      ),
    ],
  );
}

/** Upwards from `base`; the name and the largest value stand at the right. */
function columnBars(
  bars: FigureBars | undefined,
  left: number,
  base: number,
  cell: number,
  fill: string,
): string[] {
  if (!bars) return [];
  const most = bars.values.reduce((high, value) => Math.max(high, value), 0) || 1;
  const parts = Array.from(bars.values, (value, index) => {
    const x = pixels(left + index * cell + cell * 0.1);
    return `M${x} ${base}V${pixels(base - (value / most) * columnBarHeight)}h${pixels(cell * 0.8)}V${base}z`;
  });
  return [
    element("path", { d: parts.join(""), fill, "fill-opacity": 0.6 }),
    text(`${bars.name} ≤ ${tickText(most)}`, left + bars.values.length * cell + 4, base - 2, {
      "font-size": 10,
      fill,
    }),
  ];
}

function rowBars(
  bars: FigureBars | undefined,
  left: number,
  top: number,
  bottom: number,
  cell: number,
  fill: string,
): string[] {
  if (!bars) return [];
  const most = bars.values.reduce((high, value) => Math.max(high, value), 0) || 1;
  const parts = Array.from(bars.values, (value, index) => {
    const y = pixels(top + index * cell + cell * 0.1);
    return `M${left} ${y}h${pixels((value / most) * rowBarWidth)}v${pixels(cell * 0.8)}H${left}z`;
  });
  return [
    element("path", { d: parts.join(""), fill, "fill-opacity": 0.6 }),
    text(`${bars.name} ≤ ${tickText(most)}`, left, bottom + 11, { "font-size": 10, fill }),
  ];
}
