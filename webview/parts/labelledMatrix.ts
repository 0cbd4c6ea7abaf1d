import { html, nothing } from "lit-html";
import { displayColumns, shorten } from "../../src/paint/tokenText";
import { cssVariables } from "./cssVariables";
import { linkedPicture, type LinkedPicture } from "./linkedPicture";

/** A matrix with the tokens of its rows and columns beside it. */
export interface LabelledMatrix extends LinkedPicture {
  readonly rowLabels: readonly string[];
  readonly columnLabels: readonly string[];
  /** Rows and columns that are always labelled: the marked ones. */
  readonly title?: string;
}

/** More labels than this do not fit side by side: every 2nd, 4th … is written. */
const MOST_LABELS = 48;
/** Single characters stand upright above their columns; words are turned. */
export const MOST_COLUMNS = 14;

export function labelledMatrix(matrix: LabelledMatrix) {
  const { rowLabels, columnLabels, row, column } = matrix;
  const isTurned = columnLabels.some((label) => displayColumns(label) > 1);
  return html`<div
    class="labelled-matrix"
    ${cssVariables({
      rows: matrix.cells.rows,
      columns: matrix.cells.columns,
      "row-labels": Math.ceil(rowLabels.length / stepOf(rowLabels)),
    })}
  >
    <div class=${isTurned ? "column-labels turned" : "column-labels"} aria-hidden="true">
      ${labels(columnLabels, column)}
    </div>
    <div class="row-labels" aria-hidden="true">${labels(rowLabels, row)}</div>
    <div class="labelled-cells">${linkedPicture(matrix)}</div>
  </div>`;
}

function stepOf(all: readonly string[]): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(all.length / MOST_LABELS)));
}

function labels(all: readonly string[], marked: number | undefined) {
  const step = stepOf(all);
  return all.map((label, index) => {
    const isMarked = index === marked;
    // A label beside the marked one gives way to it.
    const isCrowded = step > 1 && marked !== undefined && Math.abs(index - marked) < step && !isMarked;
    const isShown = isMarked || (index % step === 0 && !isCrowded);
    return html`<span class=${isMarked ? "marked-label" : ""}
      >${isShown ? html`<bdi>${shorten(label, MOST_COLUMNS)}</bdi>` : nothing}</span
    >`;
  });
}
