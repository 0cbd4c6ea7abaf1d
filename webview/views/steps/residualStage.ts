import { html, nothing } from "lit-html";
import { classMap } from "lit-html/directives/class-map.js";
import { cosine } from "../../../src/core/projection";
import type { Check } from "../../../src/core/steps";
import type { ProjectionSlice } from "../../../src/protocol/projection";
import { signedText } from "../../../src/paint/numberText";
import { shareBar } from "../../parts/bar";
import { colourLegend } from "../../parts/colourLegend";
import type { Colours } from "../../parts/colours";
import { checkMark } from "./checkMark";
import { markedStrip } from "./markedStrip";
import { strips, type Strips } from "./queryFlow";

/** What every head of a layer adds to the residual stream for one query. */
export interface ResidualStage {
  readonly slice: ProjectionSlice;
  readonly head: number;
  readonly queryLabel: string;
  readonly colours: Colours;
  readonly modelDimension?: number;
  onModelDimension(dimension: number | undefined): void;
  onHead(head: number): void;
}

/** One row of the table: a vector of the residual stream, with its length and directions. */
interface Row {
  readonly name: string;
  readonly values: Float32Array;
  readonly head?: number;
  /** Its place among the painted strips of its group; -1 where the slice does not carry it. */
  readonly strip: number;
  readonly norm: number;
  readonly withSum?: number;
  readonly withResidual?: number;
  readonly check?: Check;
}

/** The heads under each other on one scale, then their sum, and the stream before and after. */
export function residualStage(stage: ResidualStage) {
  const { slice, colours, modelDimension: marked } = stage;
  const { groups, rows } = arrangedOf(slice);
  const largest = Math.max(
    ...slice.heads.map(({ norm }) => (Number.isFinite(norm) ? norm : 0)),
    Number.MIN_VALUE,
  );
  const hasStream = slice.before !== undefined;
  const lines = rows.map((group, i) => group.map((row) => line(row, groups[i]!)));
  function line(row: Row, from: Strips) {
    const isChosen = row.head === stage.head;
    const cells = from.rows[row.strip];
    return html`<tr class=${classMap({ marked: isChosen })}>
      <th scope="row">
        ${
          row.head === undefined
            ? html`${row.name} ${row.check ? checkMark(row.check) : nothing}`
            : html`<button type="button" aria-pressed=${isChosen} @click=${() => stage.onHead(row.head!)}>
                ${row.name}
              </button>`
        }
      </th>
      <td class="of-strip">
        ${
          cells
            ? markedStrip({ cells, label: row.name, colours, marked, onMark: stage.onModelDimension })
            : nothing
        }
      </td>
      <td class="of-weight">
        <div>
          ${row.head === undefined ? nothing : shareBar(row.norm / largest)}
          <span>${signedText(row.norm)}</span>
        </div>
      </td>
      <td class="of-number">${cosineText(row.withSum)}</td>
      ${hasStream ? html`<td class="of-number">${cosineText(row.withResidual)}</td>` : nothing}
      <td class="of-number">
        ${marked === undefined ? "" : row.values.length ? signedText(row.values[marked]!) : ""}
      </td>
    </tr>`;
  }
  return html`<figure class="head-outputs residual">
    <figcaption>
      What each of the ${slice.heads.length} heads adds to the residual stream of
      <bdi class="token-text">${stage.queryLabel}</bdi>
    </figcaption>
    <table>
      <thead>
        <tr>
          <th scope="col">head</th>
          <th scope="col">what it adds, ${slice.sum.length} dimensions</th>
          <th scope="col" title="Euclidean length of the vector">length</th>
          <th
            scope="col"
            class="of-number"
            title="Cosine of the angle with the sum of all heads: 1 along it, 0 across, −1 against"
          >
            cos Σ
          </th>
          ${
            hasStream
              ? html`<th
                  scope="col"
                  class="of-number"
                  title="Cosine of the angle with the residual stream before the addition"
                >
                  cos x
                </th>`
              : nothing
          }
          <th scope="col" class="of-number">${marked === undefined ? "dim." : `dim. ${marked}`}</th>
        </tr>
      </thead>
      <tbody>
        ${lines[0]}
      </tbody>
      <tbody class="sums">
        ${lines[1]}
      </tbody>
      ${
        lines[2]?.length
          ? html`<tbody class="sums">
              ${lines[2]}
            </tbody>`
          : nothing
      }
    </table>
    <div class="flow-legends">
      ${colourLegend(groups[0]!.scale, colours.signed, colours.palette, "heads")}
      ${colourLegend(groups[1]!.scale, colours.signed, colours.palette, "attention")}
      ${groups[2] ? colourLegend(groups[2].scale, colours.signed, colours.palette, "x") : nothing}
    </div>
  </figure>`;
}

function cosineText(value: number | undefined): string {
  if (value === undefined) return "";
  return Number.isFinite(value) ? `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(2)}` : signedText(value);
}

interface Arranged {
  readonly rows: readonly (readonly Row[])[];
  readonly groups: readonly Strips[];
}

const arranged = new WeakMap<ProjectionSlice, Arranged>();

/** Heads, sums and stream, each group painted on a scale of its own. */
function arrangedOf(slice: ProjectionSlice): Arranged {
  const known = arranged.get(slice);
  if (known) return known;
  const { contributions, firstHead, heads, sum, bias, output, before, after, checks } = slice;
  const [held = 0, dModel = 0] = contributions.dims;
  const heading = (strip: number, name: string, values: Float32Array, check?: Check): Row => ({
    name,
    strip,
    values,
    norm: norm(values),
    withSum: cosine(values, sum),
    ...(before && { withResidual: cosine(values, before) }),
    ...(check && { check }),
  });
  const headRows = heads.map((head, i): Row => {
    const at = i - firstHead;
    const isHeld = at >= 0 && at < held;
    const values = isHeld ? contributions.data.subarray(at * dModel, (at + 1) * dModel) : new Float32Array(0);
    return { name: `H${i}`, head: i, strip: isHeld ? at : -1, values, ...head };
  });
  const sums = bias
    ? [
        heading(0, "Σ heads", sum),
        heading(1, "+ b_O", bias),
        heading(2, "= attention", output, checks.output),
      ]
    : [heading(0, "Σ heads", sum, checks.output)];
  const stream = [
    ...(before ? [heading(0, "x before", before)] : []),
    ...(after ? [heading(before ? 1 : 0, "x after", after, checks.after)] : []),
  ];
  const rows = [headRows, sums, stream].filter((group) => group.length > 0);
  const groups = rows.map((group) => {
    const shown = group.filter(({ strip }) => strip >= 0);
    const data = new Float32Array(shown.length * dModel);
    shown.forEach(({ values }, i) => data.set(values, i * dModel));
    return strips({ dims: [shown.length, dModel], data }, () => true);
  });
  const made = { rows, groups };
  arranged.set(slice, made);
  return made;
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
