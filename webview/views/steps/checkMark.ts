import { html, nothing } from "lit-html";
import type { Check } from "../../../src/core/steps";

/** Beyond rounding of float32 sums, and beyond that of float16 models. */
const CLOSE = 1e-4;
const NEAR = 2e-2;

/** Behind a recomputed stage: how far it is from the model's own numbers at most. */
export function checkMark(check: Check | undefined) {
  if (!check || check.nCompared + check.nDisagreeing === 0) return nothing;
  const { largestDifference: largest, nCompared, nDisagreeing } = check;
  const grade = nDisagreeing > 0 || largest > NEAR ? "off" : largest > CLOSE ? "near" : "equal";
  const sign = { equal: "✓", near: "≈", off: "≠" }[grade];
  const cells = `${nCompared.toLocaleString("en")} ${nCompared === 1 ? "cell" : "cells"}`;
  const title =
    `Recomputed here and compared with the model's own numbers: largest difference ${differenceText(largest)} ` +
    `over ${cells}${nDisagreeing ? `, and ${nDisagreeing} cells where only one of the two is a number` : ""}.`;
  return html`<span class=${`check ${grade}`} title=${title} role="img" aria-label=${title}
    >${sign} ${nDisagreeing ? `${nDisagreeing} off` : differenceText(largest)}</span
  >`;
}

/** "3e-7", "0". */
export function differenceText(difference: number): string {
  return difference === 0 ? "0" : difference.toExponential(0).replace("e+", "e").replace("-", "−");
}
