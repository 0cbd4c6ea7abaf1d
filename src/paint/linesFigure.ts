import { measureWords } from "../core/measures/measure";
import { cssColour } from "./colour";
import type { FigureBars, HeadFigure } from "./headFigure";
import { groupLines, lineRows, lineOpacity, lineWidth, weakestLine } from "./lines";
import { tickText } from "./numberText";
import { paperPalette } from "./palette";
import { rampColour, sequentialRamp } from "./ramp";
import { weightScale } from "./scale";
import { element, monospace, pixels, svgDocument, text } from "./svg";
import { displayColumns, labelsWidth, shorten } from "./tokenText";

const rowHeight = 17;
const labelSize = 11;
const middle = 260;
const barWidth = 64;
const mostColumns = 18;

/** One head as lines from its queries (left) to their keys (right), thicker and darker with the weight. */
export function linesFigure(figure: Omit<HeadFigure, "encodeImage">): string {
  const palette = figure.palette ?? paperPalette;
  const { queryLabels, keyLabels, data } = figure;
  const chosen = figure.chosen ?? [];
  const nKeys = keyLabels.length;
  const scale = weightScale(figure.squareRoot ?? true, figure.largest);
  const margin = 16;
  const headLines = (figure.subtitle ? 56 : 38) + (figure.note ? 16 : 0);
  const top = margin + headLines;
  const left =
    margin + (figure.rowBars ? barWidth + 8 : 0) + labelsWidth(queryLabels, labelSize, mostColumns) + 8;
  const right = left + middle;
  const y = (index: number) => top + (index + 0.5) * rowHeight;
  const colour = cssColour(rampColour(sequentialRamp(figure.map ?? "theme", palette), 0.8));
  const muted = cssColour(palette.muted);
  const foreground = cssColour(palette.foreground);
  const queries = chosen.length === 0 ? queryLabels.keys() : chosen;
  const groups = groupLines(lineRows(data, nKeys, queries), scale).map(({ strength, pairs }) => {
    const parts: string[] = [];
    for (let at = 0; at < pairs.length; at += 2) {
      const [from, to] = [pixels(y(pairs[at]!)), pixels(y(pairs[at + 1]!))];
      const bend = (left + right) / 2;
      parts.push(`M${left} ${from}C${bend} ${from} ${bend} ${to} ${right} ${to}`);
    }
    return element("path", {
      d: parts.join(""),
      fill: "none",
      stroke: colour,
      "stroke-width": lineWidth(strength),
      "stroke-opacity": lineOpacity(strength),
    });
  });
  const label = { "font-family": monospace, "font-size": labelSize };
  const rows = queryLabels.map((name, index) =>
    text(shorten(name, mostColumns), left - 6, y(index) + 4, {
      ...label,
      "text-anchor": "end",
      fill: chosen.includes(index) ? cssColour(palette.query) : foreground,
    }),
  );
  const columns = keyLabels.map((name, index) =>
    text(shorten(name, mostColumns), right + 6, y(index) + 4, { ...label, fill: foreground }),
  );
  const keyBars = right + 6 + labelsWidth(keyLabels, labelSize, mostColumns) + 8;
  const bottom = top + Math.max(queryLabels.length, nKeys) * rowHeight;
  const small = { "font-size": 10, fill: muted };
  return svgDocument(
    Math.max(
      keyBars + (figure.columnBars ? barWidth + 40 : 0),
      margin + displayColumns(figure.subtitle ?? "") * 5.8,
      margin + displayColumns(figure.note ?? "") * 5.8,
    ) + margin,
    bottom + 28 + margin,
    cssColour(palette.background),
    figure.title,
    [
      text(figure.title, margin, margin + 12, { "font-size": 14, "font-weight": 600, fill: foreground }),
      ...(figure.subtitle
        ? [text(figure.subtitle, margin, margin + 30, { "font-size": 11, fill: muted })]
        : []),
      ...(figure.note
        ? [text(figure.note, margin, margin + headLines - 26, { "font-size": 11, fill: muted })]
        : []),
      ...bars(figure.rowBars, margin + barWidth, y, true, top - 20, muted),
      ...bars(figure.columnBars, keyBars, y, false, top - 20, muted),
      text("query", left - 6, top - 6, { ...small, "text-anchor": "end" }),
      text("key", right + 6, top - 6, small),
      ...groups,
      ...rows,
      ...columns,
      text(
        `Lines thicken with the ${measureWords[figure.measure].legend}; below ${tickText(weakestLine(scale))} none is drawn.`,
        margin,
        bottom + 20,
        small,
      ),
    ],
  );
}

/** One bar for each row from `x` on, to the left where `leftwards`; the name above them. */
function bars(
  shown: FigureBars | undefined,
  x: number,
  y: (index: number) => number,
  leftwards: boolean,
  captionY: number,
  fill: string,
): string[] {
  if (!shown) return [];
  const most = shown.values.reduce((high, value) => Math.max(high, value), 0) || 1;
  const parts = Array.from(shown.values, (value, index) => {
    const length = pixels((value / most) * barWidth * (leftwards ? -1 : 1));
    return `M${x} ${pixels(y(index) - 5)}h${length}v10H${x}z`;
  });
  return [
    element("path", { d: parts.join(""), fill, "fill-opacity": 0.6 }),
    text(`${shown.name} ≤ ${tickText(most)}`, x, captionY, {
      "font-size": 10,
      fill,
      "text-anchor": leftwards ? "end" : "start",
    }),
  ];
}
