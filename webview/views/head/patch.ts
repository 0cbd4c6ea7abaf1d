import type { BlockRule } from "../../../src/core/maskRule";
import { quantise, type Cells, type CellView } from "../../../src/paint/heatmap";
import type { Scale } from "../../../src/paint/scale";
import type { MatrixSlice } from "../../../src/protocol/slices";
import type { Viewport } from "./viewport";

/** Painted cells of a part of the matrix: where it begins, and how many rows and columns one cell covers. */
export interface Patch {
  readonly cells: Cells;
  readonly row: number;
  readonly column: number;
  readonly perSide: number;
}

/** A part of the matrix, half-open, and the patch from which it is painted. */
export interface Piece {
  readonly patch: Patch;
  readonly rowStart: number;
  readonly rowEnd: number;
  readonly columnStart: number;
  readonly columnEnd: number;
}

/** Where a piece lies on a plot, in its pixels, and which cells of its patch it shows. Pieces that meet leave no seam. */
export interface PlacedPiece {
  readonly at: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly view: CellView;
}

/** `cell` is the size of one row or column of the matrix in pixels at this zoom. Undefined where the piece is not seen. */
export function placePiece(
  { patch, rowStart, rowEnd, columnStart, columnEnd }: Piece,
  viewport: Viewport,
  cell: { readonly width: number; readonly height: number },
  plot: { readonly width: number; readonly height: number },
): PlacedPiece | undefined {
  const [x, right] = pixelRange(columnStart, columnEnd, viewport.column, cell.width, plot.width);
  const [y, bottom] = pixelRange(rowStart, rowEnd, viewport.row, cell.height, plot.height);
  if (x >= right || y >= bottom) return undefined;
  return {
    at: { x, y, width: right - x, height: bottom - y },
    view: {
      row: (viewport.row + y / cell.height - patch.row) / patch.perSide,
      column: (viewport.column + x / cell.width - patch.column) / patch.perSide,
      cellWidth: cell.width * patch.perSide,
      cellHeight: cell.height * patch.perSide,
    },
  };
}

/** The pixels whose middle lies in [start, end). */
function pixelRange(
  start: number,
  end: number,
  offset: number,
  cell: number,
  length: number,
): [first: number, end: number] {
  const pixel = (index: number) => Math.min(length, Math.max(0, Math.ceil((index - offset) * cell - 0.5)));
  return [pixel(start), pixel(end)];
}

/** Whether the slice's cells are known for this scale, so that painting it costs no more than its pixels. */
export function isQuantised(slice: MatrixSlice, { kind, max }: Scale): boolean {
  const known = painted.get(slice)?.scale;
  return known?.kind === kind && known.max === max;
}

const painted = new WeakMap<MatrixSlice, { readonly scale: Scale; readonly patch: Patch }>();

/** A slice as cells of a scale: made once for as long as the scale stays. `isComputed` is that of the slice's run. */
export function patchOf(slice: MatrixSlice, perSide: number, scale: Scale, isComputed?: BlockRule): Patch {
  if (isQuantised(slice, scale)) return painted.get(slice)!.patch;
  const { rows, columns, data, visible } = slice;
  const isVisible = (row: number, column: number) => !visible || visible[row * columns + column] === 1;
  const covered = (at: number, start: number, end: number) =>
    [start + at * perSide, Math.min(end, start + (at + 1) * perSide)] as const;
  const isCellComputed =
    isComputed &&
    ((row: number, column: number) =>
      isComputed(
        ...covered(row, slice.queryStart, slice.queryEnd),
        ...covered(column, slice.keyStart, slice.keyEnd),
      ));
  const cells = quantise(data, rows, columns, scale, isVisible, isCellComputed);
  const patch = { cells, row: slice.queryStart, column: slice.keyStart, perSide };
  painted.set(slice, { scale, patch });
  return patch;
}
