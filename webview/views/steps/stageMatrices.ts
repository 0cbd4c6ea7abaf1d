import { html } from "lit-html";
import { classMap } from "lit-html/directives/class-map.js";
import type { Check, HeadTensors, Steps } from "../../../src/core/steps";
import type { Tensor } from "../../../src/core/tensor";
import { quantise, type Cells } from "../../../src/paint/heatmap";
import { readoutWeight, signedText } from "../../../src/paint/numberText";
import { scoreScale, weightScale, type Scale } from "../../../src/paint/scale";
import { colourLegend } from "../../parts/colourLegend";
import type { Colours } from "../../parts/colours";
import { linkedPicture } from "../../parts/linkedPicture";
import { checkMark } from "./checkMark";
import type { Stage } from "./stage";

/** One stage of all queries as a picture. */
export interface StageMatrix {
  readonly stage: Stage;
  readonly title: string;
  readonly tensor: Tensor;
  readonly cells: Cells;
  readonly scale: Scale;
  readonly isWeights: boolean;
  /** Shows what is visible, not a value. */
  readonly isMask?: boolean;
  /** What rows and columns are: queries or keys; keys or dimensions of q and k, or of v. */
  readonly rows: "query" | "key";
  readonly columns: "key" | "dKey" | "dValue";
  readonly check?: Check;
}

/** The pictures for which there are tensors, in the order of the formula. Made when the head changes. */
export function stageMatrices(
  head: HeadTensors,
  steps: Steps,
  visible: (query: number, key: number) => boolean,
  squareRoot: boolean,
): StageMatrix[] {
  const all = () => true;
  const { q, k, v } = head;
  const weights = head.weights ?? steps.weights;
  const output = head.output ?? steps.output;
  const scores = head.scores;
  const signed = (
    stage: Stage,
    title: string,
    tensor: Tensor | undefined,
    rows: StageMatrix["rows"],
    columns: StageMatrix["columns"],
    isVisible: (row: number, column: number) => boolean,
    check?: Check,
  ): StageMatrix | undefined => {
    if (!tensor) return undefined;
    const [nRows = 0, nColumns = 0] = tensor.dims;
    const scale = scoreScale(tensor.data, (i) => isVisible(Math.floor(i / nColumns), i % nColumns));
    const cells = quantise(tensor.data, nRows, nColumns, scale, isVisible);
    return { stage, title, tensor, cells, scale, isWeights: false, rows, columns, check };
  };
  const weightMatrix = (tensor: Tensor): StageMatrix => {
    const scale = weightScale(squareRoot);
    const cells = quantise(tensor.data, tensor.dims[0] ?? 0, tensor.dims[1] ?? 0, scale, visible);
    return {
      stage: "softmax",
      title: "weights",
      tensor,
      cells,
      scale,
      isWeights: true,
      rows: "query",
      columns: "key",
      check: steps.checks.weights,
    };
  };
  /** One tint for what is visible, hatched for what is not. */
  const maskMatrix = (tensor: Tensor): StageMatrix => {
    const [nRows = 0, nColumns = 0] = tensor.dims;
    const scale: Scale = { kind: "linear", max: 1 };
    const tint = new Float32Array(tensor.data.length).fill(0.3);
    const cells = quantise(tint, nRows, nColumns, scale, visible);
    return {
      stage: "bias",
      title: "mask",
      tensor,
      cells,
      scale,
      isWeights: true,
      isMask: true,
      rows: "query",
      columns: "key",
    };
  };
  const list = [
    ...(head.additive
      ? [
          signed("product", "W_q q", head.additive.q, "query", "dKey", all),
          signed("product", "W_k k", head.additive.k, "key", "dKey", all),
          signed("product", "vᵀ tanh", steps.product, "query", "key", all, steps.checks.scores),
        ]
      : [
          signed("product", "Q", q, "query", "dKey", all),
          signed("product", "K", k, "key", "dKey", all),
          signed("product", "Q Kᵀ", steps.product, "query", "key", all),
          signed("scale", "scaled", steps.scaled, "query", "key", all, steps.checks.scores),
        ]),
    steps.bias?.kind === "mask" && maskMatrix(steps.bias.tensor),
    steps.bias?.kind !== "mask" &&
      signed("bias", "added", steps.bias && rounded(steps.bias.tensor), "query", "key", visible),
    signed("softmax", "scores", scores, "query", "key", visible),
    weights && weightMatrix(weights),
    signed("values", "V", v, "key", "dValue", all),
    signed("values", "output", output, "query", "dValue", all, steps.checks.output),
  ];
  return list.filter((each) => typeof each === "object");
}

/** What is pointed at, and how the pictures say so. */
export interface MatricesMarks {
  readonly query?: number;
  readonly key?: number;
  readonly dimension?: number;
  onCell(matrix: StageMatrix, row: number, column: number): void;
  onLeave(): void;
  choose(stage: Stage): void;
}

/** All queries at once: the stages as pictures from left to right; a row, column or dimension is marked in all of them. */
export function matricesRow(
  matrices: readonly StageMatrix[],
  stage: Stage,
  colours: Colours,
  marks: MatricesMarks,
) {
  return html`<div class="stage-matrices">
    ${matrices.map((matrix) => {
      const { title, scale, isWeights, check } = matrix;
      const ramp = isWeights ? colours.weights : colours.signed;
      return html`<figure class=${classMap({ "stage-matrix": true, lit: matrix.stage === stage })}>
        <figcaption>
          <button type="button" @click=${() => marks.choose(matrix.stage)}>${title}</button>
          ${checkMark(check)}
        </figcaption>
        ${picture(matrix, colours, marks)}
        ${
          matrix.isMask
            ? html`<span class="colour-legend">tinted: visible; hatched: −∞</span>`
            : colourLegend(scale, ramp, colours.palette)
        }
        <p class="here">${valueHere(matrix, marks)}</p>
      </figure>`;
    })}
  </div>`;
}

function picture(matrix: StageMatrix, colours: Colours, marks: MatricesMarks) {
  return linkedPicture({
    label: matrix.title,
    cells: matrix.cells,
    ramp: matrix.isWeights ? colours.weights : colours.signed,
    palette: colours.palette,
    ...placeIn(matrix, marks),
    here: valueHere(matrix, marks),
    onCell: (row, column) => marks.onCell(matrix, row, column),
    onLeave: () => marks.onLeave(),
  });
}

function placeIn({ rows, columns, cells }: StageMatrix, { query, key, dimension }: MatricesMarks) {
  const row = rows === "query" ? query : key;
  const column = columns === "key" ? key : dimension;
  return {
    row: row !== undefined && row < cells.rows ? row : undefined,
    column: column !== undefined && column < cells.columns ? column : undefined,
  };
}

function valueHere(matrix: StageMatrix, marks: MatricesMarks): string {
  const { row, column } = placeIn(matrix, marks);
  if (row === undefined || column === undefined) return "";
  const value = matrix.tensor.data[row * matrix.cells.columns + column]!;
  if (matrix.isMask) return value === -Infinity ? "masked" : "visible";
  return matrix.isWeights ? readoutWeight(value) : signedText(value);
}

/** Rounding of the difference of two float32 numbers is not a bias. */
function rounded({ dims, data }: Tensor): Tensor {
  return { dims, data: data.map((value) => (Math.abs(value) < 1e-4 ? 0 : value)) };
}
