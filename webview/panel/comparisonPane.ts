import { computed } from "@preact/signals-core";
import { html, nothing, render, svg } from "lit-html";
import { cellRange } from "../../src/core/pooling";
import { quantise, type Cells } from "../../src/paint/heatmap";
import { readoutWeight, tableWeight } from "../../src/paint/numberText";
import type { Ramp } from "../../src/paint/ramp";
import { weightScale, type Scale } from "../../src/paint/scale";
import { showWhiteSpace } from "../../src/paint/tokenText";
import type { ComparedTokens, Comparison } from "../../src/protocol/comparison";
import type { Pin, PinSlot } from "../../src/protocol/panelContract";
import { iconButton } from "../controls";
import { onFrame } from "../frame";
import { choiceTitle } from "../parts/figureText";
import { colourLegend } from "../parts/colourLegend";
import { linkedPicture } from "../parts/linkedPicture";
import { statisticText } from "../state/readout";
import type { Panel } from "./panelState";

/** A beside B and A - B, with one crosshair; how far they are apart; where most. */
export function mountComparison(root: HTMLElement, panel: Panel): void {
  const painted = computed(() => {
    const { value } = panel.comparison.value;
    return value && cellsOf(value);
  });
  onFrame(() => render(pane(panel, painted.value), root));
}

interface Painted {
  readonly a: Cells;
  readonly b: Cells;
  readonly difference: Cells;
  readonly weightScale: Scale;
  readonly signedScale: Scale;
}

function cellsOf(shown: Comparison): Painted {
  const { rows, columns, visibleA, visibleB, difference } = shown;
  const weights = weightScale(true);
  const largest = difference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const signed: Scale = { kind: "signed", max: largest };
  const cells = (data: Float32Array, scale: Scale, sees: (at: number) => boolean) =>
    quantise(data, rows, columns, scale, (row, column) => sees(row * columns + column));
  return {
    a: cells(shown.a, weights, (at) => visibleA[at] === 1),
    b: cells(shown.b, weights, (at) => visibleB[at] === 1),
    difference: cells(difference, signed, (at) => visibleA[at] === 1 || visibleB[at] === 1),
    weightScale: weights,
    signedScale: signed,
  };
}

function pane(panel: Panel, painted: Painted | undefined) {
  const { pins, comparison } = panel;
  const { a, b } = pins.value;
  const { value: shown, pending, error } = comparison.value;
  return html`<div class="compare-head">
      <h2>Compare</h2>
      ${pinChip(panel, "a", a)} ${pinChip(panel, "b", b)}
      ${a && b ? iconButton("arrow-swap", "Swap A and B", () => panel.swap()) : nothing}
      ${
        a || b
          ? iconButton("clear-all", "Clear A and B", () => {
              panel.pin("a", undefined);
              panel.pin("b", undefined);
            })
          : nothing
      }
    </div>
    ${
      !a || !b
        ? html`<p class="hint">Pin two heads: <kbd>a</kbd> and <kbd>b</kbd>, or their buttons.</p>`
        : error
          ? html`<p class="failed" role="alert">${error.message}</p>`
          : shown && painted
            ? compared(panel, shown, painted)
            : html`<p class="hint">${pending ? "Comparing …" : ""}</p>`
    }`;
}

function pinChip({ inspector }: Panel, slot: PinSlot, pin: Pin | undefined) {
  const letter = slot.toUpperCase();
  const isOther = pin !== undefined && pin.runId !== inspector.run.value?.runId;
  const name = pin && `${choiceTitle(pin.choice, 1)}${isOther ? ", other text" : ""}`;
  return html`<span class="chip" title=${name ?? `Nothing is pinned as ${letter}`}
    ><b class=${`letter-${slot}`}>${letter}</b> ${pin ? shortName(pin) : "–"}</span
  >`;
}

function shortName({ choice: { layer, head } }: Pin): string {
  const where = layer === "all" ? "all" : `L${layer}`;
  return `${where} ${typeof head === "number" ? `H${head}` : head}`;
}

function compared(panel: Panel, shown: Comparison, painted: Painted) {
  const { weights, signed, palette } = panel.colours.value;
  const { row, column } = panel.cell.value ?? {};
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
        here,
        onCell: (nextRow, nextColumn) => (panel.cell.value = { row: nextRow, column: nextColumn }),
        onLeave: () => (panel.cell.value = undefined),
        onChoose: (chosenRow) =>
          reveal(panel, shown, cellRange(chosenRow, shown.queries.length, shown.rows)[0]),
      })}
    </figure>`;
  return html`<div class="compare-pictures">
      ${picture("Weights of A", html`<b class="letter-a">A</b>`, painted.a, weights)}
      ${picture("Weights of B", html`<b class="letter-b">B</b>`, painted.b, weights)}
      ${picture("Difference A minus B", "A − B", painted.difference, signed)}
    </div>
    <p class="compare-here">${here || html`<span class="hint">Rows are queries, columns keys.</span>`}</p>
    <div class="compare-legends">
      ${colourLegend(painted.weightScale, weights, palette, "weight")}
      ${colourLegend(painted.signedScale, signed, palette, "A − B")}
    </div>
    ${figures(shown)} ${divergenceBars(panel, shown)} ${largestDifferences(panel, shown)}`;
}

/** The tokens and both weights at a cell of the pictures; of a pooled cell the strongest that it pools. */
function cellText(shown: Comparison, row: number | undefined, column: number | undefined): string {
  if (row === undefined || column === undefined || row >= shown.rows || column >= shown.columns) return "";
  const at = row * shown.columns + column;
  const range = (groups: readonly ComparedTokens[], cell: number, cells: number) => {
    const [first, end] = cellRange(cell, groups.length, cells);
    const last = end - first > 1 ? ` … ${labelOf(groups[end - 1])}` : "";
    return `${labelOf(groups[first])}${last}`;
  };
  const query = range(shown.queries, row, shown.rows);
  const key = range(shown.keys, column, shown.columns);
  const [a, b] = [shown.a[at]!, shown.b[at]!];
  return `${query} → ${key}: A ${readoutWeight(a)}, B ${readoutWeight(b)}, A − B ${signedWeight(shown.difference[at]!)}`;
}

function signedWeight(value: number): string {
  return `${value > 0 ? "+" : ""}${readoutWeight(value)}`;
}

/** "Games (4)"; where the sides differ, "Games (4) | games (3)"; "∅" for a side without a partner. */
function labelOf(group: ComparedTokens | undefined): string {
  const { a, b } = group ?? {};
  const side = (one: typeof a) => (one ? `${showWhiteSpace(one.text)} (${one.start})` : "∅");
  return a?.text === b?.text && a?.start === b?.start ? side(a) : `${side(a)} | ${side(b)}`;
}

function figures(shown: Comparison) {
  const { meanDivergence, largestDivergence, mostDivergent, correlation, alignment, queries } = shown;
  const unmatched = queries.filter(({ a, b }) => !a || !b).length;
  const joined = {
    same: "",
    text: "Tokens joined by equal text",
    spans: "Tokens joined by place in the text",
  };
  return html`<p class="compare-figures">
      <span title="Mean over the queries, in bits: 0 for equal rows, 1 for rows without a common key"
        ><span class="name">JS divergence</span> <b>${statisticText(meanDivergence)}</b></span
      >
      <span
        ><span class="name">largest</span> <b>${statisticText(largestDivergence)}</b>
        <bdi class="token-text">${labelOf(queries[mostDivergent])}</bdi></span
      >
      <span title="Pearson's, over the cells that either side may see"
        ><span class="name">correlation</span>
        <b>${Number.isNaN(correlation) ? "none: one side is constant" : tableWeight(correlation)}</b></span
      >
    </p>
    ${
      alignment === "same"
        ? nothing
        : html`<p class="hint">
            ${joined[alignment]}${unmatched > 0 ? `; ${unmatched} of ${queries.length} without a partner` : ""}.
          </p>`
    }`;
}

/** One bar for each query, 0 to 1 bit; a gap where one side lacks the query. */
function divergenceBars({ cell }: Panel, shown: Comparison) {
  const { divergence, rows, queries } = shown;
  const n = divergence.length;
  const path = Array.from(divergence, (value, i) => (value > 0 ? `M${i} 1h1v${-value}h-1z` : "")).join("");
  const row = cell.value?.row;
  const [first, end] = row === undefined || row >= rows ? [0, 0] : cellRange(row, queries.length, rows);
  const point = (event: MouseEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const at = Math.floor(((event.clientX - box.left) / box.width) * rows);
    cell.value = { row: Math.max(0, Math.min(rows - 1, at)), column: cell.peek()?.column ?? 0 };
  };
  return html`<div
    class="divergence-bars"
    role="img"
    aria-label=${`JS divergence of each of ${n} queries, from 0 to 1 bit`}
    title="JS divergence of each query, 0 to 1 bit"
    @pointermove=${point}
    @pointerleave=${() => (cell.value = undefined)}
  >
    <svg viewBox=${`0 0 ${n} 1`} preserveAspectRatio="none" aria-hidden="true">
      ${end > first ? svg`<rect class="bar-here" x=${first} y="0" width=${end - first} height="1"></rect>` : nothing}
      <path d=${path}></path>
    </svg>
  </div>`;
}

function largestDifferences(panel: Panel, shown: Comparison) {
  if (shown.largest.length === 0) return html`<p class="hint">A and B are the same everywhere.</p>`;
  return html`<h3>Largest differences</h3>
    <ul class="largest">
      ${shown.largest.map(({ query, key, difference, a, b }) => {
        const [from, to] = [labelOf(shown.queries[query]), labelOf(shown.keys[key])];
        const weights = `A ${tableWeight(a)}, B ${tableWeight(b)}`;
        const value = `${difference > 0 ? "+" : ""}${tableWeight(difference)}`;
        return html`<li>
          <button
            title=${`${weights}. Show the query in the editor and the inspector`}
            @click=${() => reveal(panel, shown, query)}
          >
            <bdi class="token-text">${from}</bdi> → <bdi class="token-text">${to}</bdi>
            <b class=${difference > 0 ? "more-a" : "more-b"}>${value}</b>
          </button>
        </li>`;
      })}
    </ul>`;
}

/** Makes A's token (where A has none, B's) the query, in the inspector and in the editor. */
function reveal({ inspector, pins, open }: Panel, shown: Comparison, index: number): void {
  const { a, b } = shown.queries[index] ?? {};
  const [pin, token] = a ? [pins.peek().a, a] : [pins.peek().b, b];
  const run = inspector.run.peek();
  if (!pin || !token || !run) return;
  // The inspector shows one run: the other side's tokens are none of it.
  if (pin.runId === run.runId) open(pin.choice, token.start);
  const side = inspector.block.peek()?.queries ?? "source";
  const message = { runId: pin.runId, side, index: token.start };
  inspector.host.remote.revealToken(message).catch(() => undefined);
}
