import { html } from "lit-html";
import { maskedCell, quantise, type Cells } from "../../../src/paint/heatmap";
import { signedText } from "../../../src/paint/numberText";
import { scoreScale, type Scale } from "../../../src/paint/scale";
import { colourLegend } from "../../parts/colourLegend";
import type { Colours } from "../../parts/colours";
import { lineChart } from "../../parts/lineChart";
import { linkedPicture } from "../../parts/linkedPicture";
import type { SchemeChart, SchemePanels, SchemePicture } from "./schemes";

/** What is marked in the pictures and charts of one scheme: a cell of the picture with this title, an x of the chart. */
export interface SchemeMarks {
  readonly picture?: { readonly title: string; readonly row: number; readonly column: number };
  readonly chart?: { readonly label: string; readonly x: number };
  point(picture: SchemeMarks["picture"], chart: SchemeMarks["chart"]): void;
  /** Draws the curve of a dimension, or takes it away. */
  toggleCurve?(dimension: number): void;
}

export function schemePanels({ pictures, charts }: SchemePanels, colours: Colours, marks: SchemeMarks) {
  return html`<div class="scheme-pictures">
      ${pictures.map((picture) => pictureOf(picture, colours, marks))}
    </div>
    <div class="scheme-charts">${charts.map((chart) => chartOf(chart, marks))}</div>`;
}

function pictureOf(picture: SchemePicture, colours: Colours, marks: SchemeMarks) {
  const { cells, scale } = paintedOf(picture);
  const { title, tensor, rows, columns, positions } = picture;
  const at = marks.picture?.title === title ? marks.picture : undefined;
  const inside = at && at.row < cells.rows && at.column < cells.columns ? at : undefined;
  const placeOf = (axis: string, index: number) =>
    positions && axis === "position" ? positions[index]! : index;
  const value = inside && tensor.data[inside.row * cells.columns + inside.column]!;
  const here =
    inside && value !== undefined
      ? `${rows} ${placeOf(rows, inside.row)}, ${columns} ${placeOf(columns, inside.column)}: ${
          cells.codes[inside.row * cells.columns + inside.column] === maskedCell
            ? "masked"
            : signedText(value)
        }`
      : "";
  return html`<figure class="scheme-picture">
    <figcaption>${title}</figcaption>
    ${linkedPicture({
      label: title,
      cells,
      ramp: picture.kind === "count" ? colours.weights : colours.signed,
      palette: colours.palette,
      row: inside?.row,
      column: inside?.column,
      here,
      onCell: (row, column) => marks.point({ title, row, column }, undefined),
      onLeave: () => marks.point(undefined, undefined),
      ...(picture.hasCurves &&
        marks.toggleCurve && { onChoose: (_: number, column: number) => marks.toggleCurve!(column) }),
    })}
    ${colourLegend(scale, picture.kind === "count" ? colours.weights : colours.signed, colours.palette)}
    <p class="here">
      ${here || html`<span class="unit">${rows} ↓ ${columns} →${picture.hasCurves ? "; click one for its curve" : ""}</span>`}
    </p>
  </figure>`;
}

function chartOf(chart: SchemeChart, marks: SchemeMarks) {
  const { label } = chart.x;
  return lineChart({
    ...chart,
    width: 420,
    height: 170,
    marked: marks.chart?.label === label ? marks.chart.x : undefined,
    onMark: (x) => marks.point(undefined, x === undefined ? undefined : { label, x }),
    describe: (value) => signedText(value),
    describeX: (value) => `${label} ${value}`,
  });
}

const painted = new WeakMap<SchemePicture, { cells: Cells; scale: Scale }>();

/** A picture's cells and scale, made once. */
export function paintedOf(picture: SchemePicture): { cells: Cells; scale: Scale } {
  const known = painted.get(picture);
  if (known) return known;
  const { tensor, kind } = picture;
  const [rows = 0, columns = 0] = tensor.dims;
  const isVisible = (row: number, column: number) =>
    kind !== "bias" || tensor.data[row * columns + column] !== -Infinity;
  const signed = scoreScale(tensor.data, (i) => isVisible(Math.floor(i / columns), i % columns));
  const scale: Scale = {
    kind: kind === "count" ? "linear" : "signed",
    max: picture.max ?? signed.max,
  };
  const made = { scale, cells: quantise(tensor.data, rows, columns, scale, isVisible) };
  painted.set(picture, made);
  return made;
}
