import { html, nothing } from "lit-html";
import { tableWeight } from "../../src/paint/numberText";
import { showWhiteSpace } from "../../src/paint/tokenText";
import type { Prediction } from "../../src/protocol/slices";
import { cssVariables } from "./cssVariables";

/** The most likely tokens with their probabilities as bars; the one that stands there is marked. */
export function alternatives(likely: readonly Prediction[], chosen?: number) {
  if (likely.length === 0) return nothing;
  return html`<ol class="alternatives">
    ${likely.map(
      ({ id, text, probability }) =>
        html`<li class=${id === chosen ? "chosen" : ""} ${cssVariables({ share: probability })}>
          <bdi class="token-text">${textOf(text)}</bdi> <span>${tableWeight(probability)}</span>
        </li>`,
    )}
  </ol>`;
}

/** A token as it is read: white space as signs, never nothing. */
export function textOf(text: string): string {
  return text === "" ? "∅" : showWhiteSpace(text);
}
