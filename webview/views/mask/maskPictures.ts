import { html, nothing, svg } from "lit-html";
import type { Cells } from "../../../src/paint/heatmap";
import { readoutWeight, signedText } from "../../../src/paint/numberText";
import type { Ramp } from "../../../src/paint/ramp";
import type { MaskPicture } from "../../../src/protocol/stages";
import { colourLegend } from "../../parts/colourLegend";
import type { Colours } from "../../parts/colours";
import { cssVariables } from "../../parts/cssVariables";
import { linkedPicture, type LinkedPicture } from "../../parts/linkedPicture";
import { maskLegend } from "../../parts/maskLegend";
import { labelWidth, tokenMatrix } from "../../parts/tokenMatrix";
import { ruleNames, type MaskPictures } from "./maskCells";
import { extentOf } from "./maskWords";

/** What is shown beside the cells, what is marked, and what a person does. */
export interface MaskMarks {
  readonly queryLabels: readonly string[];
  readonly keyLabels: readonly string[];
  readonly query?: number;
  readonly key?: number;
  readonly colours: Colours;
  /** In place of the scores before the mask, where there are none. */
  readonly noScores: string;
  onCell(query: number, key: number): void;
  onLeave(): void;
  onChoose(query: number): void;
}

/** Scores before the mask, the mask with how many keys each query sees, and the weights after it, side by side. */
export function maskPictures(shown: MaskPictures, mask: MaskPicture, marks: MaskMarks) {
  const { palette, signed, weights: ramp } = marks.colours;
  const { nQueries, nKeys } = mask;
  const row = marks.query !== undefined && marks.query < nQueries ? marks.query : undefined;
  const column = marks.key !== undefined && marks.key < nKeys ? marks.key : undefined;
  const labels = { rowLabels: marks.queryLabels, columnLabels: marks.keyLabels };
  /** Marks and moves in the cells of one picture, which may stand for several tokens each. */
  const linked = (label: string, cells: Cells, own: Ramp, here: string): LinkedPicture => ({
    label,
    cells,
    ramp: own,
    palette,
    here,
    ...(row !== undefined && { row: cellOf(row, nQueries, cells.rows) }),
    ...(column !== undefined && { column: cellOf(column, nKeys, cells.columns) }),
    onCell: (nextRow, nextColumn) =>
      marks.onCell(tokenOf(nextRow, nQueries, cells.rows), tokenOf(nextColumn, nKeys, cells.columns)),
    onLeave: () => marks.onLeave(),
    onChoose: (nextRow) => marks.onChoose(tokenOf(nextRow, nQueries, cells.rows)),
  });
  const valueOf = (dims: readonly number[], values: ArrayLike<number>) => {
    if (row === undefined || column === undefined) return undefined;
    const [rows = 0, columns = 0] = dims;
    return values[cellOf(row, nQueries, rows) * columns + cellOf(column, nKeys, columns)];
  };
  const [ofBefore, ofWeights] = [shown.before, shown.weights].map(
    (each) => each && valueOf(each.tensor.dims, each.tensor.data),
  );
  const seen = valueOf([mask.rows, mask.columns], mask.visible);
  const here = {
    before: ofBefore === undefined ? "" : signedText(ofBefore),
    mask: seen === undefined ? "" : seen ? "visible" : "masked",
    weights: ofWeights === undefined ? "" : readoutWeight(ofWeights),
  };
  const axes = html`<span class="unit">query ↓ key →</span>`;
  return html`<div class="mask-pictures" ${cssVariables({ label: labelWidth(labels) })}>
      <figure>
        <figcaption>${shown.before?.isMasked ? "scores, masked" : "scores before the mask"}</figcaption>
        ${
          shown.before
            ? html`${tokenMatrix({ ...linked("Scores before the mask", shown.before.cells, signed, here.before), ...labels })}
              ${colourLegend(shown.before.scale, signed, palette)}`
            : html`<p class="notice-line">${marks.noScores}</p>`
        }
        <p class="here">${here.before || (shown.before ? axes : nothing)}</p>
      </figure>
      <figure class="with-counts">
        <figcaption>mask <span class="unit">and keys seen by each query</span></figcaption>
        <div class="counted">
          ${tokenMatrix({ ...linked("Mask", shown.mask, ramp, here.mask), ...labels })}
          ${countBars(shown.bars, mask.perQuery, nKeys, row)}
        </div>
        <div class="counted-legend">
          ${maskLegend(ramp, palette)}
          <span class="count-axis" aria-hidden="true"
            ><span>0</span><span>${nKeys.toLocaleString("en")} ${nKeys === 1 ? "key" : "keys"}</span></span
          >
        </div>
        <p class="here">
          ${here.mask || axes}${row === undefined ? nothing : html` <span class="unit">sees ${mask.perQuery[row]!.toLocaleString("en")} of ${nKeys.toLocaleString("en")}</span>`}
        </p>
      </figure>
      <figure>
        <figcaption>weights after it</figcaption>
        ${
          shown.weights
            ? html`${tokenMatrix({ ...linked("Weights after the mask", shown.weights.cells, ramp, here.weights), ...labels })}
              ${colourLegend(shown.weights.scale, ramp, palette)}`
            : html`<p class="notice-line">This run holds no weights of this layer.</p>`
        }
        <p class="here">${here.weights || (shown.weights ? axes : nothing)}</p>
      </figure>
    </div>
    ${
      shown.parts.length > 1
        ? html`<section class="mask-parts" aria-label="The rules of this mask">
            <h2>A key is visible where every rule shows it</h2>
            <div class="mask-part-row">
              ${shown.parts.map(
                ({ rule, cells }) =>
                  html`<figure>
                    <figcaption>${ruleNames[rule]}</figcaption>
                    ${linkedPicture(linked(`Rule: ${ruleNames[rule]}`, cells, ramp, ""))}
                  </figure>`,
              )}
            </div>
          </section>`
        : nothing
    }`;
}

/** The cell that a token falls into. */
function cellOf(token: number, nTokens: number, nCells: number): number {
  return nTokens === nCells ? token : Math.min(nCells - 1, Math.floor(((token + 0.5) * nCells) / nTokens));
}

/** The first token of a cell. */
function tokenOf(cell: number, nTokens: number, nCells: number): number {
  return Math.floor((cell * nTokens) / nCells);
}

/** Bars that share the rows of the mask beside them. */
function countBars(path: string, perQuery: Uint32Array, nKeys: number, row: number | undefined) {
  const { least, most } = extentOf(perQuery);
  return html`<svg
    class="count-bars"
    viewBox=${`0 0 ${nKeys} ${perQuery.length}`}
    preserveAspectRatio="none"
    role="img"
    aria-label=${`Keys seen by each query: from ${least} to ${most} of ${nKeys}`}
  >
    <path d=${path}></path>
    ${row === undefined ? nothing : svg`<rect class="marked" x="0" y=${row} width=${nKeys} height="1"></rect>`}
  </svg>`;
}
