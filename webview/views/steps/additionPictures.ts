import { html } from "lit-html";
import type { AdditionsSlice } from "../../../src/protocol/projection";
import { quantise, type Cells } from "../../../src/paint/heatmap";
import { signedText } from "../../../src/paint/numberText";
import type { Scale } from "../../../src/paint/scale";
import { colourLegend } from "../../parts/colourLegend";
import type { Colours } from "../../parts/colours";
import { linkedPicture } from "../../parts/linkedPicture";

/** What every head adds for every query: length and directions as pictures query x head. */
export interface AdditionPictures {
  readonly slice: AdditionsSlice;
  readonly nHeads: number;
  readonly nQueries: number;
  readonly head: number;
  readonly query?: number;
  readonly colours: Colours;
  onCell(query: number, head: number): void;
  onLeave(): void;
  onHead(head: number): void;
}

export function additionPictures(shown: AdditionPictures) {
  const { slice, nHeads, colours, head } = shown;
  const row = shown.query === undefined ? undefined : nearestRow(slice.queries, shown.query);
  const spread = slice.queries.length < shown.nQueries;
  return html`<div class="addition-pictures">
    ${picturesOf(slice, nHeads).map(({ title, says, data, cells, scale, isSigned }) => {
      const ramp = isSigned ? colours.signed : colours.weights;
      const value = row === undefined ? undefined : data[row * nHeads + head];
      const here = value === undefined ? `head ${head}` : `head ${head}: ${signedText(value)}`;
      return html`<figure class="stage-matrix">
        <figcaption>${title} <span class="unit">query ↓, head →</span></figcaption>
        ${linkedPicture({
          label: says,
          cells,
          ramp,
          palette: colours.palette,
          row,
          column: head,
          here,
          onCell: (nextRow, nextHead) => shown.onCell(slice.queries[nextRow] ?? 0, nextHead),
          onChoose: (_, chosen) => shown.onHead(chosen),
          onLeave: () => shown.onLeave(),
        })}
        ${colourLegend(scale, ramp, colours.palette)}
        <p class="here">${here}</p>
      </figure>`;
    })}
    ${spread ? html`<p class="unit">${slice.queries.length} queries of ${shown.nQueries.toLocaleString("en")}, evenly spread.</p>` : ""}
  </div>`;
}

interface Picture {
  readonly title: string;
  readonly says: string;
  readonly data: Float32Array;
  readonly cells: Cells;
  readonly scale: Scale;
  readonly isSigned: boolean;
}

const made = new WeakMap<AdditionsSlice, Picture[]>();

function picturesOf(slice: AdditionsSlice, nHeads: number): Picture[] {
  const known = made.get(slice);
  if (known) return known;
  let longest = 0;
  for (const norm of slice.norms) if (norm > longest && norm < Infinity) longest = norm;
  const picture = (title: string, says: string, data: Float32Array, scale: Scale): Picture => ({
    title,
    says,
    data,
    scale,
    isSigned: scale.kind === "signed",
    cells: quantise(data, slice.queries.length, nHeads, scale, () => true),
  });
  const unit: Scale = { kind: "signed", max: 1 };
  const pictures = [
    picture("length", "Length of what each head adds", slice.norms, { kind: "linear", max: longest }),
    picture("cos Σ", "Cosine of what each head adds with the sum of all heads", slice.withSum, unit),
    ...(slice.withResidual
      ? [
          picture(
            "cos x",
            "Cosine of what each head adds with the residual stream before",
            slice.withResidual,
            unit,
          ),
        ]
      : []),
  ];
  made.set(slice, pictures);
  return pictures;
}

function nearestRow(queries: Uint32Array, query: number): number {
  let row = 0;
  while (row + 1 < queries.length && queries[row + 1]! <= query) row++;
  return row;
}
