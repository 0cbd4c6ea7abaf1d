import { pixelOf } from "./colour";
import type { Palette } from "./palette";
import { blend } from "./colour";
import { rampPixels, type Ramp } from "./ramp";
import { place, type Scale } from "./scale";

/** Opaque pixels, row-major, as canvas image data holds them. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** What a cell shows: 0..255 is a place in the ramp. */
export const maskedCell = 256;
export const notANumberCell = 257;
/** Nothing is known of it: of a text in windows, what lies outside its query's window. */
export const notComputedCell = 258;

/** [rows, columns] of ramp places, `maskedCell`, `notANumberCell` or `notComputedCell`. */
export interface Cells {
  readonly rows: number;
  readonly columns: number;
  readonly codes: Uint16Array | Uint8Array;
}

/** Which cells are seen, and how large: the cell at the top left corner (may be fractional) and pixels for each cell. */
export interface CellView {
  readonly row: number;
  readonly column: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
}

export interface CellColours {
  /** 256 pixels of the ramp. */
  readonly ramp: Uint32Array;
  /** Masked cells: the background with faint diagonal lines, `period` pixels apart. */
  readonly maskedGround: number;
  readonly maskedLine: number;
  readonly period: number;
  /** What was not computed: a darker ground with dots, `period` pixels apart. */
  readonly notComputedGround: number;
  readonly notComputedDot: number;
  /** What is not a number: a checkerboard of these two. */
  readonly error: number;
  readonly errorGround: number;
}

/**
 * `data` is [rows, columns]; infinities outside the mask count as not a number. Of what is not visible, `isComputed`
 * says whether a mask hides it.
 */
export function quantise(
  data: Float32Array,
  rows: number,
  columns: number,
  scale: Scale,
  isVisible: (row: number, column: number) => boolean,
  isComputed: (row: number, column: number) => boolean = () => true,
): Cells {
  const codes = new Uint16Array(rows * columns);
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, index++) {
      const value = data[index]!;
      codes[index] = !isVisible(row, column)
        ? isComputed(row, column)
          ? maskedCell
          : notComputedCell
        : Number.isFinite(value)
          ? Math.round(place(scale, value) * 255)
          : notANumberCell;
    }
  }
  return { rows, columns, codes };
}

export function cellColours(ramp: Ramp, palette: Palette, pixelRatio = 1): CellColours {
  return {
    ramp: rampPixels(ramp),
    maskedGround: pixelOf(blend(palette.background, palette.foreground, 0.025)),
    maskedLine: pixelOf(blend(palette.background, palette.foreground, 0.13)),
    notComputedGround: pixelOf(blend(palette.background, palette.foreground, 0.09)),
    notComputedDot: pixelOf(blend(palette.background, palette.foreground, 0.45)),
    period: Math.max(2, Math.round(6 * pixelRatio)),
    error: pixelOf(palette.error),
    errorGround: pixelOf(palette.background),
  };
}

/**
 * Paints cells into a rectangle of `target`. Where several cells fall on a pixel the largest shows, and one that
 * is not a number before all. Patterns count from the target's corner, so that rectangles meet. test/bench/paint.bench.ts measures it.
 */
export function paintCells(
  target: Pixels,
  at: { x: number; y: number; width: number; height: number },
  cells: Cells,
  view: CellView,
  colours: CellColours,
): void {
  const out = new Uint32Array(target.data.buffer, target.data.byteOffset, target.width * target.height);
  const columns = cellRanges(at.width, view.column, view.cellWidth, cells.columns);
  const rows = cellRanges(at.height, view.row, view.cellHeight, cells.rows);
  const line = new Uint16Array(at.width);
  const ranks = new Uint16Array(cells.columns);
  const { ramp, period } = colours;
  const hatch = hatchOf(at.width, colours);
  let previous = -1;
  for (let y = 0; y < at.height; y++) {
    const firstRow = rows[2 * y]!;
    const endRow = rows[2 * y + 1]!;
    if (firstRow * 65536 + endRow !== previous) {
      poolLine(line, cells, firstRow, endRow, columns, ranks);
      previous = firstRow * 65536 + endRow;
    }
    const start = (at.y + y) * target.width + at.x;
    // Along a line the hatching is the same, only shifted.
    const shift = (at.x + at.y + y) % period;
    for (let x = 0; x < at.width; x++) {
      const rank = line[x]!;
      out[start + x] =
        rank >= FIRST_PLACE
          ? rank < NOT_A_NUMBER
            ? ramp[rank - FIRST_PLACE]!
            : (((at.x + x) >> 1) ^ ((at.y + y) >> 1)) & 1
              ? colours.error
              : colours.errorGround
          : rank === MASKED
            ? hatch[x + shift]!
            : (at.x + x) % period < 2 && (at.y + y) % period < 2
              ? colours.notComputedDot
              : colours.notComputedGround;
    }
  }
}

/** A line of masked cells, and one period more. */
function hatchOf(width: number, { period, maskedLine, maskedGround }: CellColours): Uint32Array {
  const hatch = new Uint32Array(width + period).fill(maskedGround);
  for (let x = 0; x < hatch.length; x += period) hatch[x] = maskedLine;
  return hatch;
}

/** For each pixel the first and the end cell on it, at least one. */
function cellRanges(length: number, offset: number, cellSize: number, count: number): Int32Array {
  const ranges = new Int32Array(2 * length);
  for (let pixel = 0; pixel < length; pixel++) {
    const first = Math.min(
      count - 1,
      Math.max(0, Math.floor(offset + (cellSize >= 1 ? pixel + 0.5 : pixel) / cellSize)),
    );
    const end = cellSize >= 1 ? first + 1 : Math.ceil(offset + (pixel + 1) / cellSize - 1e-6);
    ranges[2 * pixel] = first;
    ranges[2 * pixel + 1] = Math.min(count, Math.max(first + 1, end));
  }
  return ranges;
}

/** Of cells that share a pixel the highest rank shows: what was not computed lowest, then masked, places, not a number. */
const MASKED = 1;
const FIRST_PLACE = 2;
const NOT_A_NUMBER = FIRST_PLACE + 256;

const rankOf = Uint16Array.from({ length: notComputedCell + 1 }, (_, code) =>
  code < 256 ? FIRST_PLACE + code : code === maskedCell ? MASKED : code === notANumberCell ? NOT_A_NUMBER : 0,
);

/** Ranks of one line of pixels: first the rows that share it, column by column, then the columns that share a pixel. */
function poolLine(
  line: Uint16Array,
  { codes, columns: nColumns }: Cells,
  firstRow: number,
  endRow: number,
  columns: Int32Array,
  ranks: Uint16Array,
): void {
  const from = columns[0]!;
  const to = columns[columns.length - 1]!;
  for (let column = from, at = firstRow * nColumns + from; column < to; column++, at++) {
    ranks[column] = rankOf[codes[at]!]!;
  }
  for (let row = firstRow + 1; row < endRow; row++) {
    for (let column = from, at = row * nColumns + from; column < to; column++, at++) {
      const rank = rankOf[codes[at]!]!;
      if (rank > ranks[column]!) ranks[column] = rank;
    }
  }
  for (let x = 0; x < line.length; x++) {
    const end = columns[2 * x + 1]!;
    let most = ranks[columns[2 * x]!]!;
    for (let column = columns[2 * x]! + 1; column < end; column++) {
      if (ranks[column]! > most) most = ranks[column]!;
    }
    line[x] = most;
  }
}
