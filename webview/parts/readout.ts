import { html, nothing, render } from "lit-html";
import { computed, effect } from "@preact/signals-core";
import { isPerLayer, perHeadMeasure } from "../../src/core/measures/measure";
import { percentText } from "../../src/paint/numberText";
import { showWhiteSpace } from "../../src/paint/tokenText";
import { onFrame } from "../frame";
import { cellReadout, headReadout, mixReadout, queryReadout, type Readout } from "../state/readout";
import { meanReadout, wordReadout } from "../state/groupReadout";
import type { ViewContext } from "../views/view";

/** The line at the bottom: what is under the pointer, or where the keyboard is; said aloud after it rests. */
export function mountReadout(root: HTMLElement, live: HTMLElement, { inspector, data }: ViewContext): void {
  const readout = computed((): Readout | undefined => {
    const { queries, keys } = inspector;
    const at = inspector.pointed.value;
    const visible = data.isVisible.value;
    const windows = inspector.run.value?.windows;
    const { measure } = inspector.selection.value;
    if (at?.kind === "head") {
      if (isPerLayer(measure)) return mixReadout(at.layer, measure);
      return headReadout(at.layer, at.head, data.statistics.value, perHeadMeasure(measure));
    }
    if (at?.kind === "cell" && (at.queries || at.keys)) {
      return wordReadout(at, queries.value, keys.value, data.shown.value, measure, visible, windows);
    }
    if (at?.kind === "cell") {
      const shown = { measure, row: data.shown.value };
      // Rollout and flow belong to no head: the chosen head's weight would be another matrix's.
      const [weights, scores] = isPerLayer(measure) ? [] : [data.weights.value, data.scores.value];
      return cellReadout(at, queries.value, keys.value, weights, scores, visible, shown, windows);
    }
    const query = inspector.activeQuery.value;
    if (query === undefined || inspector.run.value === undefined) return undefined;
    const several = inspector.activeQueries.value;
    const row = measure === "scores" ? data.weights.value : data.shown.value;
    const by = measure === "scores" ? "weights" : measure;
    if (several.length > 1) return meanReadout(several, queries.value, keys.value, row, by);
    return queryReadout(query, queries.value, keys.value, row, visible, by);
  });
  onFrame(() => {
    const { value } = readout;
    const likely = inspector.pointed.value?.kind === "head" ? undefined : data.predictions.value;
    render(
      value
        ? html`<span class="readout-title">${value.title}</span> ${value.values.map(
              ({ name, text }) =>
                html`<span class="readout-value"><span class="name">${name}</span> <b>${text}</b></span>`,
            )}
            ${
              likely?.length
                ? html`<span class="readout-value"
                    ><span class="name">next</span> ${likely.map(
                      ({ text, probability }) =>
                        html`<bdi class="token-text">${showWhiteSpace(text)}</bdi>
                          ${percentText(probability)} `,
                    )}</span
                  >`
                : nothing
            }`
        : html`<span class="hint"
            >Hover a token or a cell, or walk with the arrow keys. <kbd>?</kbd> lists the keys.</span
          >`,
      root,
    );
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const said = readout.value?.spoken ?? "";
    clearTimeout(timer);
    timer = setTimeout(() => (live.textContent = said), 250);
  });
}
