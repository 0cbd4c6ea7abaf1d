import { html } from "lit-html";
import { maskedCell, type Cells } from "../../src/paint/heatmap";
import type { Palette } from "../../src/paint/palette";
import type { Ramp } from "../../src/paint/ramp";
import { cellsPicture } from "./cellsPicture";

/** One tint of the ramp for what is visible, 0..1. */
export const MASK_TINT = 0.3;

/** What a picture of a mask is painted with: visible, masked. */
export function maskLegend(ramp: Ramp, palette: Palette) {
  const swatch = (cells: Cells) =>
    html`<canvas class="swatch" aria-hidden="true" ${cellsPicture({ cells, ramp, palette })}></canvas>`;
  return html`<div class="colour-legend mask-legend">
    <span>${swatch(visibleCell)} visible (0)</span><span>${swatch(hiddenCell)} masked (−∞)</span>
  </div>`;
}

const one = (code: number): Cells => ({ rows: 1, columns: 1, codes: Uint16Array.of(code) });
const visibleCell = one(Math.round(MASK_TINT * 255));
const hiddenCell = one(maskedCell);
