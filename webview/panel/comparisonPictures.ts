import { measureWords } from "../../src/core/measures/measure";
import { html } from "lit-html";
import { cellRange } from "../../src/core/pooling";
import { quantise, type Cells } from "../../src/paint/heatmap";
import type { Ramp } from "../../src/paint/ramp";
import { weightScale, type Scale } from "../../src/paint/scale";
import type { Comparison } from "../../src/protocol/comparison";
import { colourLegend } from "../parts/colourLegend";
import { linkedPicture } from "../parts/linkedPicture";
import { t } from "../words";
import { cellText } from "./comparedText";
import type { Panel } from "./panelState";
import { revealQuery } from "./revealQuery";

/** The three pictures as cells, and what their colours mean. */
export interface PaintedComparison {
  readonly a: Cells;
  readonly b: Cells;
  readonly difference: Cells;
  readonly weightScale: Scale;
  /** Symmetric about 0, up to the largest difference. */
  readonly signedScale: Scale;
}

export function paintComparison(shown: Comparison): PaintedComparison {
  const { rows, columns, visibleA, visibleB, difference, queries } = shown;
  const isPaired = Array.from({ length: rows }, (_, row) =>
    queries.slice(...cellRange(row, queries.length, rows)).some(({ a, b }) => a && b),
  );
  const weights = weightScale(true, shown.top);
  const largest = difference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const signed: Scale = { kind: "signed", max: largest };
  const cells = (data: Float32Array, scale: Scale, sees: (at: number) => boolean) =>
    quantise(data, rows, columns, scale, (row, column) => sees(row * columns + column));
  return {
    a: cells(shown.a, weights, (at) => visibleA[at] === 1),
    b: cells(shown.b, weights, (at) => visibleB[at] === 1),
    difference: cells(
      difference,
      signed,
      (at) => isPaired[Math.floor(at / columns)]! && (visibleA[at] === 1 || visibleB[at] === 1),
    ),
    weightScale: weights,
    signedScale: signed,
  };
}

/** A, B and A - B side by side under one crosshair, what it is on in words, and the colours' meaning. */
export function comparisonPictures(panel: Panel, shown: Comparison, painted: PaintedComparison) {
  const { weights, signed, palette } = panel.colours.value;
  const { row, column } = panel.cell.value ?? {};
  const measure = t(measureWords[shown.measure].legend);
  const here = cellText(shown, row, column);
  const picture = (label: string, title: unknown, cells: Cells, ramp: Ramp) =>
    html`<figure>
      <figcaption>${title}</figcaption>
      ${linkedPicture({
        label,
        cells,
        ramp,
        palette,
        row,
        column,
        here: here ? `${here.tokens}: ${here.weights.join(", ")}` : "",
        onCell: (nextRow, nextColumn) => (panel.cell.value = { row: nextRow, column: nextColumn }),
        onLeave: () => (panel.cell.value = undefined),
        onChoose: (chosen) =>
          revealQuery(panel, shown, cellRange(chosen, shown.queries.length, shown.rows)[0]),
      })}
    </figure>`;
  return html`<div class="compare-pictures">
      ${picture(t("A, {0}", measure), html`<b class="letter-a">A</b>`, painted.a, weights)}
      ${picture(t("B, {0}", measure), html`<b class="letter-b">B</b>`, painted.b, weights)}
      ${picture(t("Difference A minus B, {0}", measure), "A − B", painted.difference, signed)}
    </div>
    <p class="compare-here">
      ${
        here
          ? html`<bdi class="token-text">${here.tokens}</bdi>
              ${here.weights.map((each) => html`<span class="here-weight">${each}</span> `)}`
          : html`<span class="hint">${t("Rows are queries, columns keys.")}</span>`
      }
    </p>
    <div class="compare-legends">
      ${colourLegend(painted.weightScale, weights, palette, measure)}
      ${colourLegend(painted.signedScale, signed, palette, "A − B")}
    </div>`;
}
