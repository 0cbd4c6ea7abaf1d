import { signal } from "@preact/signals-core";
import { html, nothing } from "lit-html";
import { tableWeight } from "../../../src/paint/numberText";
import { weightScale } from "../../../src/paint/scale";
import { shorten } from "../../../src/paint/tokenText";
import type { LogitLens } from "../../../src/protocol/generation";
import { alternatives, textOf } from "../../parts/alternatives";
import { colourLegend } from "../../parts/colourLegend";
import type { Colours } from "../../parts/colours";
import { cssVariables } from "../../parts/cssVariables";
import { shaded } from "../../parts/shaded";
import type { Inspector } from "../../state/inspector";
import type { GenerationData } from "./generationData";

/** Probabilities are shown as they are: the square root is for weights, which pile up near zero. */
const scale = weightScale(false);
const MOST_COLUMNS = 11;

/** The cell under the pointer or at the keyboard; the last layer of the chosen query otherwise. */
const cell = signal<{ readonly row: number; readonly position: number } | undefined>(undefined);

/** What each layer would predict at each position: rows are layers, columns positions (nostalgebraist 2020). */
export function lensTable(inspector: Inspector, data: GenerationData, colours: Colours) {
  const { value, error, pending } = data.lens.value;
  if (error) return html`<p class="notice-line">${error.message}</p>`;
  if (!value) return html`<p class="notice-line">${pending ? "Reading each layer's state …" : ""}</p>`;
  if (value.rows.length === 0) {
    return html`<p class="notice-line">
      Not possible for this model: ${value.missing ?? "no reason is known"}.
    </p>`;
  }
  return table(inspector, data, colours, value);
}

function table(inspector: Inspector, data: GenerationData, colours: Colours, lens: LogitLens) {
  const { rows, start } = lens;
  const nColumns = rows[0]!.cells.length;
  const { labels } = inspector.source.value;
  const written = data.start.value;
  const shading = { ramp: colours.weights, scale, palette: colours.palette };
  const inside = (position: number) => position >= start && position < start + nColumns;
  const marked = cell.value && inside(cell.value.position) ? cell.value : undefined;
  const position = marked?.position ?? (inside(data.query.value) ? data.query.value : start);
  const row = Math.min(marked?.row ?? rows.length - 1, rows.length - 1);
  const onKey = (event: KeyboardEvent) => {
    const [down, right] = arrows[event.key] ?? [];
    if (event.key === "Escape") cell.value = undefined;
    else if (down === undefined || right === undefined) return;
    else {
      const next = position + right;
      cell.value = { row: clamp(row + down, rows.length), position: inside(next) ? next : position };
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div
      class="lens-table"
      role="grid"
      tabindex="0"
      aria-label="Logit lens: layers by positions"
      aria-activedescendant=${`lens-${row}-${position}`}
      ${cssVariables({ columns: nColumns })}
      @keydown=${onKey}
      @pointerleave=${() => (cell.value = undefined)}
    >
      <div class="lens-row head" role="row">
        <span role="columnheader">reads</span>
        ${each(nColumns, (column) => {
          const at = start + column;
          const isQuery = at === data.query.value;
          return html`<span
            role="columnheader"
            class=${`${isQuery ? "is-query" : ""} ${at >= written ? "generated" : ""}`}
            title=${`${labels[at]} (${at})`}
            ><bdi>${shorten(labels[at] ?? "", MOST_COLUMNS)}</bdi></span
          >`;
        })}
      </div>
      ${rows.map(
        ({ layer, cells }, index) =>
          html`<div class="lens-row" role="row">
            <span role="rowheader">${layer === "embedding" ? "embedding" : `layer ${layer}`}</span>
            ${cells.map(({ likely }, column) => {
              const at = start + column;
              const best = likely[0]!;
              const isMarked = index === row && at === position;
              return html`<span
                role="gridcell"
                id=${`lens-${index}-${at}`}
                class=${isMarked ? "is-marked" : ""}
                aria-label=${`${textOf(best.text)}, probability ${tableWeight(best.probability)}`}
                @pointerenter=${() => (cell.value = { row: index, position: at })}
                @click=${() => inspector.pin(at)}
                ${shaded(best.probability, shading)}
                ><bdi>${shorten(textOf(best.text), MOST_COLUMNS)}</bdi></span
              >`;
            })}
          </div>`,
      )}
    </div>
    ${below(lens, row, position, labels, colours)}`;
}

/** The marked cell in full, and how likely the whole model's choice is there. */
function below(
  { rows, start }: LogitLens,
  row: number,
  position: number,
  labels: readonly string[],
  { palette, weights }: Colours,
) {
  const { layer, cells } = rows[row]!;
  const found = cells[position - start];
  const final = rows.at(-1)!.cells[position - start]?.likely[0];
  if (!found || !final) return nothing;
  const where = layer === "embedding" ? "The embedding" : `After layer ${layer}`;
  return html`<div class="lens-below">
      <p>
        ${where} at <bdi class="token-text">${labels[position]}</bdi> (${position}): the model's own choice
        <bdi class="token-text">${textOf(final.text)}</bdi> has <b>${tableWeight(found.final)}</b>
      </p>
      ${alternatives(found.likely, final.id)}
    </div>
    ${colourLegend(scale, weights, palette, "probability of the most likely token")}`;
}

const arrows: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
};

function clamp(value: number, count: number): number {
  return Math.max(0, Math.min(count - 1, value));
}

function each<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
