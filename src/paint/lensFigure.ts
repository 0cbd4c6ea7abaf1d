import { contrastRatio, cssColour, type Rgb } from "./colour";
import { paperPalette, type Palette } from "./palette";
import { rampColour, sequentialRamp, type ColourMap } from "./ramp";
import { place, weightScale } from "./scale";
import { element, monospace, svgDocument, text } from "./svg";
import { legendHeight, svgLegend } from "./svgLegend";
import { displayColumns, shorten } from "./tokenText";

/** The logit lens of some positions as a figure for a paper. */
export interface LensFigure {
  readonly title: string;
  readonly subtitle?: string;
  /** From the first row to the last: "embedding", "layer 0" … */
  readonly rowLabels: readonly string[];
  /** The tokens that are read. */
  readonly columnLabels: readonly string[];
  /** For each row and column, row by row: the most likely token and its probability, 0..1. */
  readonly cells: readonly { readonly label: string; readonly probability: number }[];
  readonly map?: ColourMap;
  readonly palette?: Palette;
}

const cellWidth = 76;
const cellHeight = 22;
const margin = 16;
const mostColumns = 11;

export function lensFigure(figure: LensFigure): string {
  const palette = figure.palette ?? paperPalette;
  const ramp = sequentialRamp(figure.map ?? "theme", palette);
  const scale = weightScale(false);
  const foreground = cssColour(palette.foreground);
  const muted = cssColour(palette.muted);
  const nColumns = figure.columnLabels.length;
  const left = margin + Math.max(...figure.rowLabels.map((label) => label.length)) * 6.6 + 10;
  const top = margin + (figure.subtitle ? 58 : 40);
  const bottom = top + figure.rowLabels.length * cellHeight;
  const right = left + nColumns * cellWidth;
  const mono = { "font-family": monospace, "font-size": 11 };
  const cells = figure.cells.map(({ label, probability }, index) => {
    const x = left + (index % nColumns) * cellWidth;
    const y = top + Math.floor(index / nColumns) * cellHeight;
    const colour = rampColour(ramp, place(scale, Number.isFinite(probability) ? probability : 0));
    return [
      element("rect", {
        x,
        y,
        width: cellWidth,
        height: cellHeight,
        fill: cssColour(colour),
        stroke: cssColour(palette.background),
        "stroke-width": 1,
      }),
      text(shorten(label, mostColumns), x + cellWidth / 2, y + 15, {
        ...mono,
        "text-anchor": "middle",
        fill: cssColour(readable(colour, palette)),
      }),
    ].join("");
  });
  return svgDocument(
    Math.max(right + margin, left + 420, left + displayColumns(figure.subtitle ?? "") * 6 + margin),
    bottom + 18 + legendHeight + margin,
    cssColour(palette.background),
    figure.title,
    [
      text(figure.title, margin, margin + 12, { "font-size": 14, "font-weight": 600, fill: foreground }),
      text(figure.subtitle ?? "", margin, margin + 30, { "font-size": 11, fill: muted }),
      ...figure.columnLabels.map((label, column) =>
        text(shorten(label, mostColumns), left + (column + 0.5) * cellWidth, top - 7, {
          ...mono,
          "text-anchor": "middle",
          "font-weight": 600,
          fill: foreground,
        }),
      ),
      ...figure.rowLabels.map((label, row) =>
        text(label, left - 8, top + row * cellHeight + 15, {
          "font-size": 11,
          "text-anchor": "end",
          fill: muted,
        }),
      ),
      ...cells,
      svgLegend(
        {
          x: left,
          y: bottom + 14,
          width: 200,
          label: "probability of the most likely token",
          ramp,
          scale,
          hasMasked: false,
          hasNotANumber: false,
        },
        palette,
      ),
    ],
  );
}

function readable(ground: Rgb, { foreground, background }: Palette): Rgb {
  return contrastRatio(foreground, ground) >= contrastRatio(background, ground) ? foreground : background;
}
