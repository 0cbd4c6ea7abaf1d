import { html } from "lit-html";
import { cssVariables } from "./cssVariables";

/**
 * A share of a bar's width, 0 to 1, as a background: an SVG of its own in each cell of a table cost more layout and
 * paint than the numbers beside it.
 */
export function shareBar(share: number) {
  return html`<i
    class="bar share"
    aria-hidden="true"
    ${cssVariables({ from: 0, share: inside(share) })}
  ></i>`;
}

/** A signed share, -1 to 1: from the middle where some of its neighbours are negative, else from the left. */
export function signedBar(share: number, fromMiddle: boolean) {
  const size = inside(Math.abs(share)) / (fromMiddle ? 2 : 1);
  const from = fromMiddle ? (share < 0 ? 0.5 - size : 0.5) : 0;
  return html`<i
    class=${`bar ${share < 0 ? "below" : "above"}${fromMiddle ? " from-middle" : ""}`}
    aria-hidden="true"
    ${cssVariables({ from, share: size })}
  ></i>`;
}

function inside(share: number): number {
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
}
