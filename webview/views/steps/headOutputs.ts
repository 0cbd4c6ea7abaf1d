import { html, nothing } from "lit-html";
import { classMap } from "lit-html/directives/class-map.js";
import type { Tensor } from "../../../src/core/tensor";
import { signedText } from "../../../src/paint/numberText";
import { shareBar } from "../../parts/bar";
import { colourLegend } from "../../parts/colourLegend";
import type { Colours } from "../../parts/colours";
import { markedStrip } from "./markedStrip";
import { strips, type Strips } from "./queryFlow";

/** The outputs of all heads of a layer for one query, and what marks them. */
export interface HeadOutputs {
  /** [nHeads, dValue]; absent while on its way. */
  readonly outputs: Tensor | undefined;
  readonly head: number;
  readonly queryLabel: string;
  readonly colours: Colours;
  readonly hasOutput: boolean;
  readonly dimension?: number;
  onDimension(dimension: number | undefined): void;
  onHead(head: number): void;
}

/** The heads' outputs under each other, as they stand side by side in the concatenation, with the length of each. */
export function headOutputs(shown: HeadOutputs) {
  const { outputs, head: chosen, colours, dimension } = shown;
  if (!shown.hasOutput) {
    return html`<p class="notice-line">This run holds no outputs of the heads of this layer.</p>`;
  }
  if (!outputs) return nothing;
  const all = stripsOf(outputs);
  const [nHeads = 0, dValue = 0] = outputs.dims;
  const norms = Array.from({ length: nHeads }, (_, head) =>
    norm(outputs.data.subarray(head * dValue, (head + 1) * dValue)),
  );
  const largest = Math.max(...norms.filter(Number.isFinite), Number.MIN_VALUE);
  return html`<figure class="head-outputs">
    <figcaption>
      Outputs of the ${nHeads} heads for <bdi class="token-text">${shown.queryLabel}</bdi>: concatenated,
      ${nHeads} × ${dValue} = ${nHeads * dValue} numbers
    </figcaption>
    <table>
      <thead>
        <tr>
          <th scope="col">head</th>
          <th scope="col">output</th>
          <th scope="col">length</th>
          <th scope="col">${dimension === undefined ? "dim." : `dim. ${dimension}`}</th>
        </tr>
      </thead>
      <tbody>
        ${all.rows.map(
          (cells, head) =>
            html`<tr class=${classMap({ marked: head === chosen })}>
              <th scope="row">
                <button type="button" aria-pressed=${head === chosen} @click=${() => shown.onHead(head)}>
                  H${head}
                </button>
              </th>
              <td class="of-strip">
                ${markedStrip({
                  cells,
                  label: `output of head ${head}`,
                  colours,
                  marked: dimension,
                  onMark: (next) => shown.onDimension(next),
                })}
              </td>
              <td class="of-weight">
                <div>${shareBar(norms[head]! / largest)}<span>${signedText(norms[head]!)}</span></div>
              </td>
              <td class="of-number">
                ${dimension === undefined ? "" : signedText(outputs.data[head * dValue + dimension]!)}
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${colourLegend(all.scale, colours.signed, colours.palette, "output")}
  </figure>`;
}

const made = new WeakMap<Tensor, Strips>();

function stripsOf(outputs: Tensor): Strips {
  const known = made.get(outputs);
  if (known) return known;
  const fresh = strips(outputs, () => true);
  made.set(outputs, fresh);
  return fresh;
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
