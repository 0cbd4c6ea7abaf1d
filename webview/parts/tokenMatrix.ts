import { html } from "lit-html";
import { displayColumns, shorten } from "../../src/paint/tokenText";
import { labelledMatrix, MOST_COLUMNS, type LabelledMatrix } from "./labelledMatrix";
import { linkedPicture } from "./linkedPicture";

/** With more tokens the labels of one side no longer fit beside its cells. */
const MOST_TOKENS = 32;

/** A matrix query x key with its tokens beside it where there are few; else the picture alone. */
export function tokenMatrix(matrix: LabelledMatrix) {
  return html`<div class="token-matrix">
    ${hasLabels(matrix) ? labelledMatrix(matrix) : linkedPicture(matrix)}
  </div>`;
}

type Labels = Pick<LabelledMatrix, "rowLabels" | "columnLabels">;

export function hasLabels({ rowLabels, columnLabels }: Labels): boolean {
  return Math.max(rowLabels.length, columnLabels.length) <= MOST_TOKENS;
}

/** How many characters wide the labels beside the rows are; 0 where none are shown. */
export function labelWidth(labels: Labels): number {
  if (!hasLabels(labels)) return 0;
  return Math.max(1, ...labels.rowLabels.map((text) => displayColumns(shorten(text, MOST_COLUMNS))));
}
