import { layoutTicks } from "./axis";
import { cssColour } from "./colour";
import { maskedCell, notANumberCell, type Cells } from "./heatmap";
import type { Palette } from "./palette";
import type { Ramp } from "./ramp";
import type { Scale } from "./scale";
import { element, monospace, svgDocument, text } from "./svg";
import { cellPatterns, svgCells, type EncodeImage } from "./svgCells";
import { legendHeight, svgLegend } from "./svgLegend";
import { displayColumns, labelsWidth, shorten } from "./tokenText";

/** A, B and A - B side by side over common rows and columns, for a paper. */
export interface ComparisonFigure {
  readonly a: Cells;
  readonly b: Cells;
  readonly difference: Cells;
  /** "Layer 3, head 1 · Code 4x8 · the text". */
  readonly titleA: string;
  readonly titleB: string;
  /** Divergence and correlation, in one line. */
  readonly summary: string;
  /** One for each row and column of the cells. */
  readonly queryLabels: readonly string[];
  readonly keyLabels: readonly string[];
  /** Jensen-Shannon divergence of each row in bits, 0 to 1; NaN where one side lacks it. */
  readonly divergence: readonly number[];
  /** What A and B show: "attention weight, square-root scale". */
  readonly legend: string;
  readonly weightScale: Scale;
  readonly signedScale: Scale;
  readonly weightRamp: Ramp;
  readonly signedRamp: Ramp;
  readonly palette: Palette;
  readonly encodeImage: EncodeImage;
}

const labelSize = 10;
const mostColumns = 22;
const margin = 16;
const gap = 20;
const barsWidth = 56;
/** Of "JS divergence, bit" at 10 px. */
const barsLabelWidth = 96;

export function comparisonFigure(figure: ComparisonFigure): string {
  const { palette, queryLabels, keyLabels } = figure;
  const [nRows, nColumns] = [queryLabels.length, keyLabels.length];
  const cell = Math.min(20, Math.max(1.5, 300 / Math.max(nRows, nColumns)));
  const [width, height] = [cell * nColumns, cell * nRows];
  const left = margin + labelsWidth(queryLabels, labelSize, mostColumns) + 6;
  const keyWidth = labelsWidth(keyLabels, labelSize, mostColumns);
  const top = margin + 58 + keyWidth + 26;
  const foreground = cssColour(palette.foreground);
  const muted = cssColour(palette.muted);
  const labels = { "font-family": monospace, "font-size": labelSize, fill: foreground };
  const axis = { offset: 0, cellSize: cell, minGap: labelSize + 1 };

  const rows = layoutTicks({ ...axis, count: nRows, length: height }).map(({ index, position }) =>
    text(shorten(queryLabels[index]!, mostColumns), left - 6, top + position + labelSize * 0.36, {
      ...labels,
      "text-anchor": "end",
    }),
  );
  const columnTicks = layoutTicks({ ...axis, count: nColumns, length: width });
  const picture = (name: string, at: number, cells: Cells, ramp: Ramp) => {
    const x = left + at * (width + gap);
    const place = { x, y: top, width, height };
    return [
      text(name, x + width / 2, top - keyWidth - 14, {
        "font-size": 13,
        "font-weight": 600,
        "text-anchor": "middle",
        fill: foreground,
      }),
      ...columnTicks.map(({ index, position }) => {
        const labelX = x + position + labelSize * 0.36;
        return text(shorten(keyLabels[index]!, mostColumns), labelX, top - 6, {
          ...labels,
          transform: `rotate(-90 ${labelX} ${top - 6})`,
        });
      }),
      svgCells(cells, place, ramp, palette, figure.encodeImage),
      element("rect", { ...place, fill: "none", stroke: cssColour(palette.line), "stroke-width": 0.75 }),
    ];
  };
  const barsX = left + 3 * (width + gap);
  const bottom = top + height;
  const head = { "font-size": 12, fill: foreground };
  const legend = { y: bottom + 16, hasNotANumber: hasCode(figure, notANumberCell) };
  const texts = [figure.titleA, figure.titleB, figure.summary];
  const legendsWidth = 220 + 120;
  return svgDocument(
    Math.max(
      barsX + Math.max(barsWidth, barsLabelWidth),
      left + 2 * legendsWidth,
      margin + Math.max(...texts.map((each) => displayColumns(each))) * 6.4,
    ) + margin,
    bottom + 16 + legendHeight + margin,
    cssColour(palette.background),
    `${figure.titleA} against ${figure.titleB}`,
    [
      cellPatterns(palette),
      text(`A  ${figure.titleA}`, margin, margin + 10, { ...head, "font-weight": 600 }),
      text(`B  ${figure.titleB}`, margin, margin + 27, { ...head, "font-weight": 600 }),
      text(figure.summary, margin, margin + 46, { ...head, "font-size": 11, fill: muted }),
      ...rows,
      ...picture("A", 0, figure.a, figure.weightRamp),
      ...picture("B", 1, figure.b, figure.weightRamp),
      ...picture("A − B", 2, figure.difference, figure.signedRamp),
      ...divergenceBars(figure, barsX, top, cell),
      svgLegend(
        {
          ...legend,
          x: left,
          width: 200,
          label: figure.legend,
          ramp: figure.weightRamp,
          scale: figure.weightScale,
          hasMasked: hasCode(figure, maskedCell),
        },
        palette,
      ),
      svgLegend(
        {
          ...legend,
          x: left + legendsWidth,
          width: 200,
          label: "difference A − B",
          ramp: figure.signedRamp,
          scale: figure.signedScale,
          hasMasked: false,
          hasNotANumber: false,
        },
        palette,
      ),
    ],
  );
}

/** At the right of the rows: one bar for each, full at 1 bit. */
function divergenceBars({ divergence, palette }: ComparisonFigure, x: number, top: number, cell: number) {
  const bars = divergence.flatMap((value, row) =>
    value > 0
      ? [
          element("rect", {
            x,
            y: top + row * cell + cell * 0.12,
            width: value * barsWidth,
            height: cell * 0.76,
            fill: cssColour(palette.muted),
          }),
        ]
      : [],
  );
  const height = divergence.length * cell;
  const label = { "font-size": 10, fill: cssColour(palette.muted) };
  return [
    text("JS divergence, bit", x, top - 18, label),
    text("0", x, top - 5, label),
    text("1", x + barsWidth, top - 5, { ...label, "text-anchor": "end" }),
    element("path", {
      d: `M${x} ${top}v${height}M${x + barsWidth} ${top}v${height}`,
      stroke: cssColour(palette.line),
      "stroke-width": 0.75,
    }),
    ...bars,
  ];
}

function hasCode({ a, b, difference }: ComparisonFigure, code: number): boolean {
  return [a, b, difference].some(({ codes }) => codes.includes(code));
}
