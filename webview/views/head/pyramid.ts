import type { Window } from "../../../src/core/pooling";
import { seenCells, type Viewport } from "./viewport";

/**
 * A large matrix in levels: a cell of level n is the largest of 2^n x 2^n cells of the matrix, and each level is cut
 * into tiles. 256 x 256 float32 with their visibility are 0.3 MB, well below what a message carries.
 */
export const tileCells = 256;

/** Counted in tiles of its level. */
export interface TileAddress {
  readonly level: number;
  readonly row: number;
  readonly column: number;
}

export interface MatrixSize {
  readonly nRows: number;
  readonly nColumns: number;
}

/** The finest level that is one tile. */
export function topLevel({ nRows, nColumns }: MatrixSize): number {
  return Math.max(0, Math.ceil(Math.log2(Math.max(nRows, nColumns) / tileCells)));
}

/** The finest level whose cells are at least a pixel of the screen; never above the top. */
export function levelFor(pixelsPerCell: number, top: number): number {
  return Math.min(top, Math.max(0, Math.ceil(-Math.log2(pixelsPerCell) - 1e-9)));
}

/** How many rows and columns of the matrix one cell of the level covers. */
export function cellsPerSide(level: number): number {
  return 2 ** level;
}

export function tileWindow({ level, row, column }: TileAddress, { nRows, nColumns }: MatrixSize): Window {
  const edge = tileCells * cellsPerSide(level);
  return {
    queryStart: row * edge,
    queryEnd: Math.min(nRows, (row + 1) * edge),
    keyStart: column * edge,
    keyEnd: Math.min(nColumns, (column + 1) * edge),
  };
}

/** The tiles of a level that are seen, those nearest to the middle first. */
export function tilesInView(viewport: Viewport, size: MatrixSize, level: number): TileAddress[] {
  const edge = tileCells * cellsPerSide(level);
  const seen = seenCells(viewport, { ...size, cell: 1 });
  const range = (start: number, length: number, count: number) => ({
    first: Math.floor(Math.max(0, start) / edge),
    end: Math.ceil(Math.min(count, start + length) / edge),
  });
  const rows = range(viewport.row, seen.rows, size.nRows);
  const columns = range(viewport.column, seen.columns, size.nColumns);
  const tiles: TileAddress[] = [];
  for (let row = rows.first; row < rows.end; row++) {
    for (let column = columns.first; column < columns.end; column++) tiles.push({ level, row, column });
  }
  const middleRow = (viewport.row + seen.rows / 2) / edge - 0.5;
  const middleColumn = (viewport.column + seen.columns / 2) / edge - 0.5;
  const distance = ({ row, column }: TileAddress) => Math.hypot(row - middleRow, column - middleColumn);
  return tiles.sort((a, b) => distance(a) - distance(b));
}

/** The tile of the next coarser level that covers a tile. */
export function parentOf({ level, row, column }: TileAddress): TileAddress {
  return { level: level + 1, row: row >> 1, column: column >> 1 };
}
