import { html } from "lit-html";
import { classMap } from "lit-html/directives/class-map.js";
import type { Bias, Check, HeadTensors, Steps } from "../../../src/core/steps";
import type { Tensor } from "../../../src/core/tensor";
import { quantise, type Cells } from "../../../src/paint/heatmap";
import { maskParts } from "../../../src/core/maskParts";
import type { StagesSlice } from "../../../src/protocol/stages";
import { readoutWeight, signedText } from "../../../src/paint/numberText";
import { scoreScale, weightScale, type Scale } from "../../../src/paint/scale";
import { colourLegend } from "../../parts/colourLegend";
import type { Colours } from "../../parts/colours";
import { cssVariables } from "../../parts/cssVariables";
import { MASK_TINT, maskLegend } from "../../parts/maskLegend";
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
  /** How many tokens (or dimensions) rows and columns stand for; more than cells where they are pooled. */
  readonly nRows: number;
  readonly nColumns: number;
  /** What rows and columns are: queries or keys; keys or dimensions of q and k, or of v. */
  readonly rows: "query" | "key";
  readonly columns: "key" | "dKey" | "dValue";
  readonly check?: Check;
}

/** A head's stages as whole tensors, or pooled where it has more tokens than a picture has cells. */
export interface ShownStages {
  readonly head: HeadTensors;
  readonly product?: Tensor;
  readonly scaled?: Tensor;
  readonly bias?: Tensor;
  readonly biasKind?: Bias["kind"];
  readonly output?: Tensor;
  readonly weights?: Tensor;
  readonly checks: Steps["checks"];
  readonly nQueries: number;
  readonly nKeys: number;
}

export function wholeStages(head: HeadTensors, steps: Steps): ShownStages {
  const weights = head.weights ?? steps.weights;
  const output = head.output ?? steps.output;
  const [nQueries = 0, nKeys = 0] = (weights ?? steps.product)?.dims ?? [];
  return {
    head,
    checks: steps.checks,
    nQueries,
    nKeys,
    ...(steps.product && { product: steps.product }),
    ...(steps.scaled && { scaled: steps.scaled }),
    ...(steps.bias && { bias: steps.bias.tensor, biasKind: steps.bias.kind }),
    ...(output && { output }),
    ...(weights && { weights }),
  };
}

/** `head` with pooled scores and weights. */
export function pooledStages(head: HeadTensors, slice: StagesSlice): ShownStages {
  const { rows, columns, nQueries, nKeys, checks, biasKind } = slice;
  const of = (data: Float32Array | undefined) => data && { dims: [rows, columns], data };
  const [product, scaled, bias] = [of(slice.product), of(slice.scaled), of(slice.bias)];
  return {
    head,
    checks,
    nQueries,
    nKeys,
    ...(product && { product }),
    ...(scaled && { scaled }),
    ...(bias && { bias }),
    ...(biasKind && { biasKind }),
    ...(head.output && { output: head.output }),
    ...(head.weights && { weights: head.weights }),
  };
}

const maskTitles = {
  causal: "causal mask",
  window: "sliding window",
  blocks: "block mask",
  padding: "padding mask",
  other: "mask",
} as const;

/** The pictures for which there are tensors, in the order of the formula. Made when the head changes. */
export function stageMatrices(
  stages: ShownStages,
  /** The mask's word on each cell of a picture query x key. */
  visible: (row: number, column: number) => boolean,
  squareRoot: boolean,
): StageMatrix[] {
  const all = () => true;
  const { head, checks, biasKind, weights } = stages;
  const { q, k, v, scores, additive } = head;
  const counts = { query: stages.nQueries, key: stages.nKeys };
  const matrix = (
    given: Pick<StageMatrix, "stage" | "title" | "tensor" | "rows" | "columns">,
    paint: { scale: Scale; cells: Cells; isWeights?: boolean; isMask?: boolean; check?: Check },
  ): StageMatrix => ({
    isWeights: false,
    ...given,
    ...paint,
    nRows: counts[given.rows],
    nColumns: given.columns === "key" ? counts.key : (given.tensor.dims[1] ?? 0),
  });
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
    return matrix({ stage, title, tensor, rows, columns }, { scale, cells, ...(check && { check }) });
  };
  const weightMatrix = (tensor: Tensor): StageMatrix => {
    const scale = weightScale(squareRoot);
    const cells = quantise(tensor.data, tensor.dims[0] ?? 0, tensor.dims[1] ?? 0, scale, visible);
    return matrix(
      { stage: "softmax", title: "weights", tensor, rows: "query", columns: "key" },
      { scale, cells, isWeights: true, ...(checks.weights && { check: checks.weights }) },
    );
  };
  /** One tint for what is visible, hatched for what is not. */
  const maskMatrix = (title: string, tensor: Tensor): StageMatrix => {
    const [nRows = 0, nColumns = 0] = tensor.dims;
    const scale: Scale = { kind: "linear", max: 1 };
    const tint = new Float32Array(tensor.data.length).fill(MASK_TINT);
    const isVisible = (row: number, column: number) => tensor.data[row * nColumns + column] !== -Infinity;
    return matrix(
      { stage: "bias", title, tensor, rows: "query", columns: "key" },
      { scale, cells: quantise(tint, nRows, nColumns, scale, isVisible), isWeights: true, isMask: true },
    );
  };
  const added = biasPictures(stages, signed, maskMatrix);
  const list = [
    ...(additive
      ? [
          signed("product", "W_q q", additive.q, "query", "dKey", all),
          signed("product", "W_k k", additive.k, "key", "dKey", all),
          signed("product", "vᵀ tanh", stages.product, "query", "key", all, checks.scores),
        ]
      : [
          signed("product", "Q", q, "query", "dKey", all),
          signed("product", "K", k, "key", "dKey", all),
          signed("product", "Q Kᵀ", stages.product, "query", "key", all),
          signed("scale", "scaled", stages.scaled, "query", "key", all, checks.scores),
        ]),
    ...added,
    signed("softmax", "scores", scores, "query", "key", visible),
    weights && weightMatrix(weights),
    signed("values", "V", v, "key", "dValue", all),
    signed("values", "output", stages.output, "query", "dValue", all, checks.output),
  ];
  function biasPictures(
    { bias }: ShownStages,
    paintSigned: typeof signed,
    paintMask: typeof maskMatrix,
  ): (StageMatrix | undefined)[] {
    if (!bias) return [];
    const [nRows = 0, nColumns = 0] = bias.dims;
    const shows = Uint8Array.from(bias.data, (value) => (value === -Infinity ? 0 : 1));
    const masks = shows.includes(0)
      ? maskParts({ nQueries: nRows, nKeys: nColumns, visible: shows }).map(({ rule, visibility }) =>
          paintMask(maskTitles[rule], {
            dims: bias.dims,
            data: Float32Array.from(visibility.visible, (cell) => (cell ? 0 : -Infinity)),
          }),
        )
      : [];
    const isAdded = biasKind === "relative" || biasKind === "other";
    const isShown = (row: number, column: number) => shows[row * nColumns + column] === 1;
    const title = biasKind === "relative" ? "relative bias" : "rest";
    return [
      ...(isAdded ? [paintSigned("bias", title, rounded(bias), "query", "key", isShown)] : []),
      ...masks,
    ];
  }
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
  return html`<div class="stage-matrices" ${cssVariables({ pictures: matrices.length })}>
    ${matrices.map((matrix) => {
      const { title, scale, isWeights, check } = matrix;
      const ramp = isWeights ? colours.weights : colours.signed;
      return html`<figure class=${classMap({ "stage-matrix": true, lit: matrix.stage === stage })}>
        <figcaption>
          <button type="button" @click=${() => marks.choose(matrix.stage)}>${title}</button>
          ${checkMark(check)}
        </figcaption>
        ${picture(matrix, colours, marks)}
        ${matrix.isMask ? maskLegend(ramp, colours.palette) : colourLegend(scale, ramp, colours.palette)}
        <p class="here">
          ${valueHere(matrix, marks) || html`<span class="unit">${matrix.rows} ↓ ${columnNames[matrix.columns]} →</span>`}
        </p>
      </figure>`;
    })}
  </div>`;
}

const columnNames: Record<StageMatrix["columns"], string> = {
  key: "key",
  dKey: "dimension",
  dValue: "dimension",
};

function picture(matrix: StageMatrix, colours: Colours, marks: MatricesMarks) {
  return linkedPicture({
    label: matrix.title,
    cells: matrix.cells,
    ramp: matrix.isWeights ? colours.weights : colours.signed,
    palette: colours.palette,
    ...placeIn(matrix, marks),
    here: valueHere(matrix, marks),
    onCell: (row, column) =>
      marks.onCell(
        matrix,
        tokenOf(row, matrix.nRows, matrix.cells.rows),
        tokenOf(column, matrix.nColumns, matrix.cells.columns),
      ),
    onLeave: () => marks.onLeave(),
  });
}

function placeIn({ rows, columns, cells, nRows, nColumns }: StageMatrix, marks: MatricesMarks) {
  const { query, key, dimension } = marks;
  const row = rows === "query" ? query : key;
  const column = columns === "key" ? key : dimension;
  return {
    row: row !== undefined && row < nRows ? cellOf(row, nRows, cells.rows) : undefined,
    column: column !== undefined && column < nColumns ? cellOf(column, nColumns, cells.columns) : undefined,
  };
}

/** The cell that a token falls into, and the first token of a cell. */
function cellOf(token: number, nTokens: number, nCells: number): number {
  return nTokens === nCells ? token : Math.min(nCells - 1, Math.floor(((token + 0.5) * nCells) / nTokens));
}

function tokenOf(cell: number, nTokens: number, nCells: number): number {
  return nTokens === nCells ? cell : Math.floor((cell * nTokens) / nCells);
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
