import { html } from "lit-html";
import type { Cells } from "../../src/paint/heatmap";
import { tickText } from "../../src/paint/numberText";
import type { Palette } from "../../src/paint/palette";
import type { Ramp } from "../../src/paint/ramp";
import { valueAt, type Scale } from "../../src/paint/scale";
import { cellsPicture } from "./cellsPicture";

/** A colour bar with the values at its ends and in its middle. */
export function colourLegend(scale: Scale, ramp: Ramp, palette: Palette, label?: string) {
  return html`<div class="colour-legend">
    ${label ? html`<span class="colour-legend-label">${label}</span>` : ""}
    <span>${tickText(valueAt(scale, 0))}</span>
    <canvas aria-hidden="true" ${cellsPicture({ cells: wholeRamp, ramp, palette })}></canvas>
    <span>${tickText(valueAt(scale, 1))}</span>
  </div>`;
}

const wholeRamp: Cells = { rows: 1, columns: 256, codes: Uint16Array.from({ length: 256 }, (_, i) => i) };
