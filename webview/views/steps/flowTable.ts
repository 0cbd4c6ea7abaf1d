import { html, nothing } from "lit-html";
import { classMap } from "lit-html/directives/class-map.js";
import type { Steps } from "../../../src/core/steps";
import type { Colours } from "../../parts/colours";
import { colourLegend } from "../../parts/colourLegend";
import { checkMark } from "./checkMark";
import { flowRowHeight } from "./flowWindow";
import { markedStrip } from "./markedStrip";
import { flowColumns, type Flow, type FlowColumn, type Strips } from "./queryFlow";
import type { Stage } from "./stage";

/** What the table needs beside the flow. */
export interface FlowTable {
  readonly flow: Flow;
  readonly checks: Steps["checks"];
  readonly colours: Colours;
  readonly stage: Stage;
  readonly keyLabels: readonly string[];
  readonly queryLabel: string;
  /** The key and the dimension that are marked. */
  readonly key?: number;
  readonly dimension?: number;
  /** First row shown and how many; the rest is room. */
  readonly window: { readonly start: number; readonly count: number };
  onKey(key: number | undefined): void;
  onDimension(dimension: number | undefined): void;
  onScroll(pixels: number): void;
  onChooseQuery(key: number): void;
}

/** One query through all stages: a row for each key, a column for each stage, from left to right. */
export function flowTable(table: FlowTable) {
  const { flow, colours, stage, window } = table;
  const strip = (strips: Strips, row: number, label: string) => stripCanvas(table, strips, row, label);
  const columns = flowColumns(flow, strip);
  const end = Math.min(flow.keys.length, window.start + window.count);
  const shown = flow.keys.slice(window.start, end);
  const keyOf = (event: Event) => {
    const row = (event.target as Element).closest<HTMLElement>("tr[data-key]");
    return row ? Number(row.dataset.key) : undefined;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    const at = table.key === undefined ? -1 : flow.keys.indexOf(table.key);
    const last = flow.keys.length - 1;
    const next =
      event.key === "Home" ? 0 : event.key === "End" ? last : by && Math.max(0, Math.min(last, at + by));
    if (next !== undefined && last >= 0) {
      table.onKey(flow.keys[next]);
      scrollTo(event.currentTarget as HTMLElement, next);
    } else if ((event.key === "Enter" || event.key === "q") && table.key !== undefined) {
      table.onChooseQuery(table.key);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const lit = (column: FlowColumn) => column.stage === stage;
  return html`<div
      class="flow"
      role="region"
      tabindex="0"
      aria-label=${`Query ${table.queryLabel} through the stages; up and down walk its keys`}
      @pointerover=${(event: Event) => table.onKey(keyOf(event))}
      @pointerleave=${() => table.onKey(undefined)}
      @scroll=${(event: Event) => table.onScroll((event.currentTarget as HTMLElement).scrollTop)}
      @keydown=${onKeyDown}
    >
      <table data-stage=${stage}>
        <thead>
          <tr>
            <th scope="col" class="key-cell">key</th>
            ${columns.map(
              (column) =>
                html`<th
                  scope="col"
                  class=${classMap({ [`of-${column.kind}`]: true, lit: lit(column) })}
                  data-of=${column.stage}
                >
                  ${column.name} ${checkMark(checkOf(column, table.checks))}
                </th>`,
            )}
          </tr>
          ${
            flow.q || flow.terms
              ? html`<tr class="vector">
                  <th scope="row" class="key-cell">
                    ${flow.isAdditive ? "W_q q" : "q"} of ${table.queryLabel}
                  </th>
                  ${columns.map(
                    (column, i) =>
                      html`<td
                        class=${classMap({ [`of-${column.kind}`]: true, lit: lit(column) })}
                        data-of=${column.stage}
                      >
                        ${i === 0 && flow.q && column.kind === "strip" ? strip(flow.q, 0, "query") : nothing}
                      </td>`,
                  )}
                </tr>`
              : nothing
          }
        </thead>
        <tbody>
          ${room(window.start, columns.length)}
          ${shown.map(
            (key) =>
              html`<tr
                data-key=${key}
                class=${classMap({ masked: !flow.visible(key), marked: key === table.key })}
              >
                <th scope="row" class="key-cell" title=${`key ${key}`}>
                  <div><bdi>${table.keyLabels[key]}</bdi> <small>${key}</small></div>
                </th>
                ${columns.map(
                  (column) =>
                    html`<td
                      class=${classMap({ [`of-${column.kind}`]: true, lit: lit(column) })}
                      data-of=${column.stage}
                    >
                      <div>${column.cell(key)}</div>
                    </td>`,
                )}
              </tr>`,
          )}
          ${room(flow.keys.length - end, columns.length)}
        </tbody>
        ${
          flow.output
            ? html`<tfoot>
                <tr class="vector">
                  <th scope="row" class="key-cell">Σ = output</th>
                  ${columns.map(
                    (column) =>
                      html`<td
                        class=${classMap({ [`of-${column.kind}`]: true, lit: lit(column) })}
                        data-of=${column.stage}
                      >
                        ${column.stage === "values" ? strip(flow.output!, 0, "output") : nothing}
                        ${column.kind === "weight" && flow.weights ? html`<div>${sumText(flow.weights)}</div>` : nothing}
                      </td>`,
                  )}
                </tr>
              </tfoot>`
            : nothing
        }
      </table>
    </div>
    <div class="flow-legends">
      ${flow.terms ? colourLegend(flow.terms.scale, colours.signed, colours.palette, flow.isAdditive ? "v ∘ tanh" : "q ∘ k") : nothing}
      ${flow.q ? colourLegend(flow.q.scale, colours.signed, colours.palette, flow.isAdditive ? "W_q q" : "q") : nothing}
      ${flow.values ? colourLegend(flow.values.scale, colours.signed, colours.palette, "weight × v") : nothing}
      ${flow.output ? colourLegend(flow.output.scale, colours.signed, colours.palette, "output") : nothing}
    </div>`;
}

function checkOf({ stage, name }: FlowColumn, checks: Steps["checks"]) {
  if (stage === "scale" || name === "vᵀ tanh") return checks.scores;
  if (stage === "softmax" && name === "weight") return checks.weights;
  return stage === "values" ? checks.output : undefined;
}

function stripCanvas(
  { colours, dimension, onDimension }: FlowTable,
  strips: Strips,
  row: number,
  label: string,
) {
  const cells = strips.rows[row];
  return cells ? markedStrip({ cells, label, colours, marked: dimension, onMark: onDimension }) : html``;
}

function room(nRows: number, nColumns: number) {
  return nRows > 0
    ? html`<tr class="room" aria-hidden="true">
        <td colspan=${nColumns + 1} height=${nRows * flowRowHeight}></td>
      </tr>`
    : nothing;
}

function scrollTo(container: HTMLElement, row: number): void {
  const head = container.querySelector("thead")?.clientHeight ?? 0;
  const foot = container.querySelector("tfoot")?.clientHeight ?? 0;
  const top = row * flowRowHeight;
  const seen = container.clientHeight - head - foot;
  if (top < container.scrollTop) container.scrollTop = top;
  else if (top + flowRowHeight > container.scrollTop + seen) container.scrollTop = top + flowRowHeight - seen;
}

function sumText(weights: Float32Array): string {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return `Σ ${Math.abs(sum - 1) < 1e-3 ? "1" : sum.toPrecision(3)}`;
}
