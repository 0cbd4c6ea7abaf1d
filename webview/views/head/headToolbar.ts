import { signal, type ReadonlySignal } from "@preact/signals-core";
import { html, nothing, render } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { isPlain, plainLayout, type TokenLayout } from "../../../src/core/tokenLayout";
import { checkbox, dropdown, iconButton, textButton, type Choice } from "../../controls";
import { onFrame } from "../../frame";
import type { Inspector } from "../../state/inspector";
import type { Arrangement } from "../../state/persisted";
import type { HeadGeometry } from "./geometry";
import type { HeadData } from "./headData";
import { layoutText } from "./shownTokens";
import { everything, zoomAt, type PlotSize } from "./viewport";

const forms: readonly Choice<Arrangement["form"]>[] = [
  { value: "matrix", label: "Matrix" },
  { value: "lines", label: "Lines" },
  { value: "both", label: "Matrix and lines" },
];
const orders: readonly Choice<TokenLayout["order"]>[] = [
  { value: "place", label: "by place" },
  { value: "received", label: "by weight received" },
];
const sides: readonly Choice<TokenLayout["filters"]>[] = [
  { value: "queries", label: "queries" },
  { value: "keys", label: "keys" },
  { value: "both", label: "queries and keys" },
];
const bars: readonly Choice<Arrangement["rowBars"]>[] = [
  { value: "entropy", label: "row entropy" },
  { value: "sum", label: "row sum" },
];

/** Form, scale and zoom; behind a button which tokens are shown and in what order. */
export function mountHeadToolbar(
  toolbar: HTMLElement,
  controls: HTMLElement,
  inspector: Inspector,
  head: HeadData,
  geometry: ReadonlySignal<HeadGeometry>,
): () => void {
  const isOpen = signal(!isPlain(inspector.arrangement.peek().tokens));
  const toggle = () => (isOpen.value = !isOpen.peek());
  const stops = [
    onFrame(() => render(main(inspector, head, geometry.value, isOpen.value, toggle), toolbar)),
    onFrame(() => {
      controls.hidden = !isOpen.value;
      render(isOpen.value ? tokenControls(inspector) : nothing, controls);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

export function zoomBy(
  head: HeadData,
  size: PlotSize,
  factor: number,
  at?: { readonly query: number; readonly key: number },
): void {
  const { row, column, zoom } = head.viewport.peek();
  const cell = size.cell * zoom;
  const x = at ? (at.key + 0.5 - column) * cell : (size.cell * size.nColumns) / 2;
  const y = at ? (at.query + 0.5 - row) * cell : (size.cell * size.nRows) / 2;
  head.viewport.value = zoomAt(head.viewport.peek(), size, factor, x, y);
}

function main(inspector: Inspector, head: HeadData, size: HeadGeometry, isOpen: boolean, toggle: () => void) {
  const { squareRoot, form, tokens } = inspector.arrangement.value;
  const change = (part: Partial<Arrangement>) =>
    (inspector.arrangement.value = { ...inspector.arrangement.peek(), ...part });
  const { zoom } = head.viewport.value;
  const all = { nRows: inspector.queries.value.tokens.length, nColumns: inspector.keys.value.tokens.length };
  const said = layoutText(isPlain(tokens) ? undefined : tokens, head.size.value, all);
  const pooled =
    form === "lines" ? 1 : (head.large.value?.tokensPerCell(size.cell * zoom * devicePixelRatio) ?? 1);
  const unit = tokens.byWord ? "words" : "tokens";
  return html`${dropdown("Form", forms, form, (value) => change({ form: value }))}
    ${
      inspector.selection.value.measure !== "scores"
        ? checkbox("Square-root scale", squareRoot, (checked) => change({ squareRoot: checked }))
        : nothing
    }
    <button
      type="button"
      class="toggle"
      aria-expanded=${isOpen}
      aria-pressed=${!isPlain(tokens)}
      title="Which tokens are shown, in what order, and what stands beside the rows"
      @click=${toggle}
    >
      Tokens
      <span class=${`codicon codicon-${isOpen ? "chevron-up" : "chevron-down"}`} aria-hidden="true"></span>
    </button>
    ${
      form === "lines"
        ? nothing
        : html`<span class="pair">
            ${iconButton("zoom-in", "Zoom in (+)", () => zoomBy(head, size, 1.5))}
            ${iconButton("zoom-out", "Zoom out (-)", () => zoomBy(head, size, 1 / 1.5), zoom === 1)}
            ${iconButton("screen-full", "Show everything (0)", () => (head.viewport.value = everything), zoom === 1)}
          </span>`
    }
    ${
      pooled > 1
        ? html`<span class="hint"
            >Each cell is the largest of ${pooled} × ${pooled} ${unit}; zoom in for single ones.</span
          >`
        : nothing
    }
    ${said ? html`<span class="hint layout-note">${said}</span>` : nothing}`;
}

function tokenControls(inspector: Inspector) {
  const { tokens, rowBars } = inspector.arrangement.value;
  const change = (part: Partial<TokenLayout>) => {
    const before = inspector.arrangement.peek();
    inspector.arrangement.value = { ...before, tokens: { ...before.tokens, ...part } };
  };
  const hasSpecial = [...inspector.queries.value.tokens, ...inspector.keys.value.tokens].some(
    ({ special }) => special,
  );
  return html`${
      hasSpecial || tokens.hidesSpecial
        ? checkbox("Hide special tokens", tokens.hidesSpecial, (checked) => change({ hidesSpecial: checked }))
        : nothing
    }
    ${checkbox("Group by word", tokens.byWord, (checked) => change({ byWord: checked }))}
    <span class="field"
      ><span class="label" aria-hidden="true">Order</span> ${dropdown(
        "Order of tokens",
        orders,
        tokens.order,
        (value) => change({ order: value }),
      )}</span
    >
    <label class="field"
      ><span class="label">Only</span>
      <input
        type="search"
        class="text-field"
        placeholder="text of tokens"
        aria-label="Only tokens that hold this text"
        .value=${live(tokens.filter)}
        @input=${(event: Event) => change({ filter: (event.target as HTMLInputElement).value })}
    /></label>
    ${dropdown("What the text filters", sides, tokens.filters, (value) => change({ filters: value }))}
    ${
      inspector.selection.value.measure !== "scores"
        ? html`<span class="field"
            ><span class="label" aria-hidden="true">Beside rows</span> ${dropdown(
              "Beside the rows",
              bars,
              rowBars,
              (value) => {
                inspector.arrangement.value = { ...inspector.arrangement.peek(), rowBars: value };
              },
            )}</span
          >`
        : nothing
    }
    ${isPlain(tokens) ? nothing : textButton("Show all", () => change(plainLayout), "secondary")}`;
}
