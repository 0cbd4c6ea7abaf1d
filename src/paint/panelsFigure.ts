import { blend, cssColour } from "./colour";
import { layoutChart, type Chart } from "./chart";
import { maskedCell, notANumberCell, type Cells } from "./heatmap";
import { categorical, type Palette } from "./palette";
import type { Ramp } from "./ramp";
import type { Scale } from "./scale";
import { element, monospace, svgDocument, text } from "./svg";
import { cellPatterns, svgCells, type EncodeImage } from "./svgCells";
import { legendHeight, svgLegend } from "./svgLegend";
import { displayColumns, shorten } from "./tokenText";

/** A matrix among others: its title, what its axes are, and the value of its colours. */
export interface MatrixPanel {
  readonly title: string;
  /** "query ↓, key →" */
  readonly axes: string;
  readonly cells: Cells;
  readonly ramp: Ramp;
  readonly scale: Scale;
  /** Names of the rows, for as many as are readable. */
  readonly rowLabels?: readonly string[];
  /** Of one column: the number of each row, beside it. */
  readonly rowTexts?: readonly string[];
  /** Shows what is visible, not a value. */
  readonly isMask?: boolean;
}

export interface ChartPanel {
  readonly title: string;
  readonly chart: Chart;
}

/** Several pictures of one thing as a figure for a paper, left to right and on. */
export interface PanelsFigure {
  readonly title: string;
  readonly subtitle: string;
  /** The formula that the panels follow. */
  readonly formula?: string;
  readonly panels: readonly (MatrixPanel | ChartPanel)[];
  readonly palette: Palette;
  readonly encodeImage: EncodeImage;
}

const side = 190;
const gap = 26;
const margin = 18;
const labelSize = 10;
const chartWidth = 2 * side + gap;
const chartHeight = 170;
const widest = 4 * side + 5 * gap;

export function panelsFigure(figure: PanelsFigure): string {
  const { palette, panels } = figure;
  const foreground = cssColour(palette.foreground);
  const muted = cssColour(palette.muted);
  const parts: string[] = [];
  let x = margin;
  let y = margin + (figure.formula ? 66 : 48);
  let rowHeight = 0;
  let right = 0;
  for (const panel of panels) {
    const size = sizeOf(panel);
    if (x > margin && x + size.width > margin + widest) {
      x = margin;
      y += rowHeight + gap;
      rowHeight = 0;
    }
    parts.push(...("chart" in panel ? chartPanel(panel, x, y, palette) : matrixPanel(panel, x, y, figure)));
    right = Math.max(right, x + size.width);
    rowHeight = Math.max(rowHeight, size.height);
    x += size.width + gap;
  }
  const lines = [figure.title, figure.subtitle, figure.formula ?? ""];
  const width = Math.max(right, ...lines.map((line) => margin + displayColumns(line) * 6.4)) + margin;
  return svgDocument(width, y + rowHeight + margin, cssColour(palette.background), figure.title, [
    cellPatterns(palette),
    text(figure.title, margin, margin + 12, { "font-size": 14, "font-weight": 600, fill: foreground }),
    text(figure.subtitle, margin, margin + 30, { "font-size": 11, fill: muted }),
    ...(figure.formula
      ? [
          text(figure.formula, margin, margin + 49, {
            "font-size": 12,
            "font-family": monospace,
            fill: foreground,
          }),
        ]
      : []),
    ...parts,
  ]);
}

function sizeOf(panel: MatrixPanel | ChartPanel): { width: number; height: number } {
  if ("chart" in panel)
    return { width: chartWidth, height: 18 + chartHeight + 18 * panel.chart.series.length };
  const { width, height } = boxOf(panel);
  const labels = labelsWidth(panel);
  return {
    width: Math.max(labels + width, panel.isMask ? 150 : 110),
    height: 20 + height + 6 + legendHeight,
  };
}

/** Long vectors are strips, columns of numbers narrow; everything else a square. */
function boxOf({ cells }: MatrixPanel): { width: number; height: number } {
  const width = cells.columns === 1 ? 28 : side;
  return { width, height: cells.rows === 1 ? 18 : Math.min(side, Math.max(60, cells.rows * 24)) };
}

function labelsWidth({ rowLabels }: MatrixPanel): number {
  if (!rowLabels) return 0;
  return Math.min(14, Math.max(...rowLabels.map(displayColumns), 1)) * labelSize * 0.61 + 6;
}

function matrixPanel(
  panel: MatrixPanel,
  x: number,
  y: number,
  { palette, encodeImage }: PanelsFigure,
): string[] {
  const { cells, ramp, scale, rowLabels = [] } = panel;
  const { width, height } = boxOf(panel);
  const left = x + labelsWidth(panel);
  const top = y + 20;
  const muted = cssColour(palette.muted);
  const foreground = cssColour(palette.foreground);
  const every = Math.max(1, Math.ceil((labelSize + 1) / (height / Math.max(1, cells.rows))));
  const codes = new Set(cells.codes);
  return [
    text(panel.title, x, y + 4, { "font-size": 11, "font-weight": 600, fill: foreground }),
    text(panel.axes, x, y + 15, { "font-size": 9, fill: muted }),
    ...rowLabels.flatMap((label, row) =>
      row % every === 0
        ? [
            text(shorten(label, 14), left - 4, top + ((row + 0.5) * height) / cells.rows + labelSize * 0.36, {
              "font-size": labelSize,
              "font-family": monospace,
              "text-anchor": "end",
              fill: foreground,
            }),
          ]
        : [],
    ),
    ...(panel.rowTexts ?? []).flatMap((number, row) =>
      row % every === 0
        ? [
            text(number, left + width + 5, top + ((row + 0.5) * height) / cells.rows + labelSize * 0.36, {
              "font-size": labelSize,
              fill: foreground,
            }),
          ]
        : [],
    ),
    svgCells(cells, { x: left, y: top, width, height }, ramp, palette, encodeImage),
    element("rect", {
      x: left,
      y: top,
      width,
      height,
      fill: "none",
      stroke: cssColour(palette.line),
      "stroke-width": 0.75,
    }),
    svgLegend(
      {
        x: left,
        y: top + height + 6,
        width: panel.isMask ? 28 : 84,
        label: panel.isMask ? "visible" : "",
        ramp,
        scale: panel.isMask ? { kind: "linear", max: 1 } : scale,
        hasMasked: codes.has(maskedCell),
        hasNotANumber: codes.has(notANumberCell),
      },
      palette,
    ),
  ];
}

const dashes = { solid: undefined, dashed: "6 3", dotted: "2 3" };

function chartPanel({ title, chart }: ChartPanel, x: number, y: number, palette: Palette): string[] {
  const layout = layoutChart(chart, chartWidth, chartHeight);
  const muted = cssColour(palette.muted);
  const foreground = cssColour(palette.foreground);
  const line = cssColour(blend(palette.background, palette.foreground, 0.15));
  const small = { "font-size": 10, fill: muted };
  const strokeOf = (colour: number) => cssColour(categorical[[0, 3, 2, 5, 7][colour % 5]!]!);
  const { left, top, bottom, right } = layout;
  return [
    text(title, x, y + 4, { "font-size": 11, "font-weight": 600, fill: foreground }),
    element("g", { transform: `translate(${x} ${y + 10})` }, [
      ...layout.yMarks.flatMap(({ at, text: label }) => [
        element("path", { d: `M${left} ${at}H${right}`, stroke: line, "stroke-width": 0.75 }),
        text(label, left - 5, at + 3.5, { ...small, "text-anchor": "end" }),
      ]),
      ...layout.xMarks.map(({ at, text: label }) =>
        text(label, at, bottom + 13, { ...small, "text-anchor": "middle" }),
      ),
      element("path", {
        d: `M${left} ${top}V${bottom}H${right}`,
        fill: "none",
        stroke: muted,
        "stroke-width": 0.75,
      }),
      text(chart.x.label, (left + right) / 2, bottom + 27, { ...small, "text-anchor": "middle" }),
      text(chart.y.label, 9, (top + bottom) / 2, {
        ...small,
        "text-anchor": "middle",
        transform: `rotate(-90 9 ${(top + bottom) / 2})`,
      }),
      ...chart.series.map((series, i) =>
        element("path", {
          d: layout.paths[i]!,
          fill: "none",
          stroke: strokeOf(series.colour),
          "stroke-width": 1.5,
          "stroke-dasharray": dashes[series.dash ?? "solid"],
        }),
      ),
    ]),
    ...chart.series.flatMap((series, i) => {
      const at = y + 18 + chartHeight + 16 * i;
      return [
        element("path", {
          d: `M${x + left} ${at}h20`,
          stroke: strokeOf(series.colour),
          "stroke-width": 1.5,
          "stroke-dasharray": dashes[series.dash ?? "solid"],
        }),
        text(series.name, x + left + 26, at + 3.5, small),
      ];
    }),
  ];
}
