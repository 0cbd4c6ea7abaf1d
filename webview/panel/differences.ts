import { html, nothing, svg } from "lit-html";
import { cellRange } from "../../src/core/pooling";
import { tableWeight } from "../../src/paint/numberText";
import type { Comparison } from "../../src/protocol/comparison";
import { statisticText } from "../state/readout";
import { t } from "../words";
import { labelOf } from "./comparedText";
import type { Panel } from "./panelState";
import { revealQuery } from "./revealQuery";

/** How far A is from B in numbers, and how their tokens were joined. */
export function figures(shown: Comparison) {
  const { meanDivergence, largestDivergence, mostDivergent, correlation, alignment, queries } = shown;
  const unmatched = queries.filter(({ a, b }) => !a || !b).length;
  const joined = {
    same: "",
    text: t("Tokens joined by equal text."),
    spans: t("Tokens joined by place in the text."),
  };
  return html`<p class="compare-figures">
      <span title=${t("Mean over the queries, in bits: 0 for equal rows, 1 for rows without a common key")}
        ><span class="name">${t("JS divergence")}</span> <b>${statisticText(meanDivergence)}</b></span
      >
      <span
        ><span class="name">${t("largest")}</span> <b>${statisticText(largestDivergence)}</b>
        <bdi class="token-text">${labelOf(queries[mostDivergent])}</bdi></span
      >
      <span title=${t("Pearson's, over the cells that either side may see")}
        ><span class="name">${t("correlation")}</span>
        <b>${Number.isNaN(correlation) ? t("none: one side is constant") : tableWeight(correlation)}</b></span
      >
    </p>
    ${
      alignment === "same"
        ? nothing
        : html`<p class="hint joined">
            ${joined[alignment]}
            ${unmatched > 0 ? t("{0} of {1} without a partner (∅).", unmatched, queries.length) : ""}
          </p>`
    }`;
}

/** One bar for each query, 0 to 1 bit; a faint full bar where one side lacks the query. */
export function divergenceBars(panel: Panel, shown: Comparison) {
  const { cell } = panel;
  const { divergence, rows, queries } = shown;
  const n = divergence.length;
  const path = (bar: (value: number) => number) =>
    Array.from(divergence, (value, i) => (bar(value) > 0 ? `M${i} 1h1v${-bar(value)}h-1z` : "")).join("");
  const row = cell.value?.row;
  const [first, end] = row === undefined || row >= rows ? [0, 0] : cellRange(row, queries.length, rows);
  const rowAt = (event: MouseEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const at = Math.floor(((event.clientX - box.left) / box.width) * rows);
    return Math.max(0, Math.min(rows - 1, at));
  };
  return html`<div
    class="divergence-bars"
    role="img"
    aria-label=${t("JS divergence of each of {0} queries, from 0 to 1 bit", n)}
    title=${t("JS divergence of each query, 0 to 1 bit")}
    @pointermove=${(event: MouseEvent) =>
      (cell.value = { row: rowAt(event), column: cell.peek()?.column ?? 0 })}
    @pointerleave=${() => (cell.value = undefined)}
    @click=${(event: MouseEvent) => revealQuery(panel, shown, cellRange(rowAt(event), n, rows)[0])}
  >
    <svg viewBox=${`0 0 ${n} 1`} preserveAspectRatio="none" aria-hidden="true">
      ${end > first ? svg`<rect class="bar-here" x=${first} y="0" width=${end - first} height="1"></rect>` : nothing}
      <path class="bar-unmatched" d=${path((value) => (Number.isNaN(value) ? 1 : 0))}></path>
      <path d=${path((value) => value)}></path>
    </svg>
  </div>`;
}

/** Pairs of tokens, largest difference first; each is a way to its query. */
export function largestDifferences(panel: Panel, shown: Comparison) {
  if (shown.largest.length === 0) return html`<p class="hint">${t("A and B are the same everywhere.")}</p>`;
  return html`<h3>${t("Largest differences")}</h3>
    <ul class="largest">
      ${shown.largest.map(({ query, key, difference, a, b }) => {
        const [from, to] = [labelOf(shown.queries[query]), labelOf(shown.keys[key])];
        const value = `${difference > 0 ? "+" : ""}${tableWeight(difference)}`;
        return html`<li>
          <button
            title=${t("A {0}, B {1}. Show the query in the editor and the inspector", tableWeight(a), tableWeight(b))}
            @click=${() => revealQuery(panel, shown, query)}
          >
            <span><bdi class="token-text">${from}</bdi> → <bdi class="token-text">${to}</bdi></span>
            <b class=${difference > 0 ? "more-a" : "more-b"}>${value}</b>
          </button>
        </li>`;
      })}
    </ul>`;
}
