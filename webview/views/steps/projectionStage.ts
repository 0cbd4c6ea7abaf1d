import { html, nothing } from "lit-html";
import type { Tensor } from "../../../src/core/tensor";
import type { ProjectionSlice } from "../../../src/protocol/projection";
import { signedText } from "../../../src/paint/numberText";
import { quantise, type Cells } from "../../../src/paint/heatmap";
import { scoreScale, type Scale } from "../../../src/paint/scale";
import { colourLegend } from "../../parts/colourLegend";
import type { Colours } from "../../parts/colours";
import { linkedPicture } from "../../parts/linkedPicture";
import { checkMark } from "./checkMark";
import { markedStrip } from "./markedStrip";

/** One head's vector times its rows of W_O, laid out as the product is written. */
export interface ProjectionStage {
  readonly slice: ProjectionSlice;
  readonly queryLabel: string;
  readonly colours: Colours;
  /** Of the head's vector, and of the residual stream. */
  readonly dimension?: number;
  readonly modelDimension?: number;
  onDimension(dimension: number | undefined): void;
  onModelDimension(dimension: number | undefined): void;
}

export function projectionStage(stage: ProjectionStage) {
  const { slice, colours, dimension, modelDimension } = stage;
  const { head } = slice;
  const painted = paintedOf(slice);
  const [, dHead = 0] = slice.concat.dims;
  const dModel = slice.sum.length;
  const z = slice.concat.data.subarray(head * dHead, (head + 1) * dHead);
  const added = contributionOf(slice);
  const row = dimension !== undefined && dimension < dHead ? dimension : undefined;
  const column = modelDimension !== undefined && modelDimension < dModel ? modelDimension : undefined;
  const leave = () => {
    stage.onDimension(undefined);
    stage.onModelDimension(undefined);
  };
  const weightHere =
    row === undefined || column === undefined || !slice.weights
      ? ""
      : signedText(slice.weights.data[row * dModel + column]!);
  const here =
    row === undefined || column === undefined
      ? `${dHead} × ${dModel}; hover a cell to follow one product`
      : `z[${row}] × W_O[${row}, ${column}] = ${signedText(z[row]!)} × ${weightHere || "…"} = ${weightHere ? signedText(z[row]! * slice.weights!.data[row * dModel + column]!) : "…"}; all ${dHead} of them sum to ${signedText(added[column]!)}`;
  return html`<figure class="w-o">
    <figcaption>
      Head ${head} of <bdi class="token-text">${stage.queryLabel}</bdi>: its output z (${dHead} numbers) times
      its ${dHead} rows of W_O gives what it adds (${dModel} numbers)
      ${slice.checks.concat ? checkMark(slice.checks.concat) : nothing}
    </figcaption>
    <div class="w-o-grid">
      <div class="w-o-name">z</div>
      <div class="w-o-name">W_O, rows ${head * dHead} to ${(head + 1) * dHead - 1}</div>
      ${linkedPicture({
        label: "Output z of the head",
        cells: painted.z,
        ramp: colours.signed,
        palette: colours.palette,
        row,
        here: row === undefined ? "" : `z ${row}: ${signedText(z[row]!)}`,
        onCell: (next) => stage.onDimension(next),
        onLeave: leave,
      })}
      ${
        painted.weights
          ? linkedPicture({
              label: "Rows of W_O",
              cells: painted.weights.cells,
              ramp: colours.signed,
              palette: colours.palette,
              row,
              column,
              here: weightHere,
              onCell: (nextRow, nextColumn) => {
                stage.onDimension(nextRow);
                stage.onModelDimension(nextColumn);
              },
              onLeave: leave,
            })
          : html`<p class="notice-line">
              These ${dHead} × ${dModel} weights are more than a message carries; their product is below.
            </p>`
      }
      <div class="w-o-name">z W_O</div>
      ${markedStrip({
        cells: painted.added,
        label: `What head ${head} adds`,
        colours,
        marked: column,
        onMark: stage.onModelDimension,
      })}
    </div>
    <p class="here">${here}</p>
    <div class="flow-legends">
      ${colourLegend(painted.zScale, colours.signed, colours.palette, "z")}
      ${painted.weights ? colourLegend(painted.weights.scale, colours.signed, colours.palette, "W_O") : nothing}
      ${colourLegend(painted.addedScale, colours.signed, colours.palette, "z W_O")}
    </div>
  </figure>`;
}

/** What the slice's own head adds, [dModel]. */
export function contributionOf({ contributions, firstHead, head }: ProjectionSlice): Float32Array {
  const dModel = contributions.dims[1] ?? 0;
  const at = head - firstHead;
  return contributions.data.subarray(at * dModel, (at + 1) * dModel);
}

interface Painted {
  readonly z: Cells;
  readonly zScale: Scale;
  readonly weights?: { readonly cells: Cells; readonly scale: Scale };
  readonly added: Cells;
  readonly addedScale: Scale;
}

const known = new WeakMap<ProjectionSlice, Painted>();

function paintedOf(slice: ProjectionSlice): Painted {
  const found = known.get(slice);
  if (found) return found;
  const [, dHead = 0] = slice.concat.dims;
  const start = slice.head * dHead;
  const z = paint({ dims: [dHead, 1], data: slice.concat.data.slice(start, start + dHead) });
  const own = contributionOf(slice);
  const added = paint({ dims: [1, own.length], data: own });
  const made: Painted = {
    z: z.cells,
    zScale: z.scale,
    ...(slice.weights && { weights: paint(slice.weights) }),
    added: added.cells,
    addedScale: added.scale,
  };
  known.set(slice, made);
  return made;
}

function paint({ dims, data }: Tensor): { cells: Cells; scale: Scale } {
  const scale = scoreScale(data, () => true);
  return { scale, cells: quantise(data, dims[0] ?? 0, dims[1] ?? 0, scale, () => true) };
}
