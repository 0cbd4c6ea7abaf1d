import { describe, expect, it } from "vitest";
import { maxPoolBlocks } from "../../../../src/core/pooling";
import {
  maskedCell,
  notANumberCell,
  paintCells,
  cellColours,
  type Pixels,
} from "../../../../src/paint/heatmap";
import { paperPalette } from "../../../../src/paint/palette";
import { sequentialRamp } from "../../../../src/paint/ramp";
import { weightScale } from "../../../../src/paint/scale";
import { patchOf, placePiece, type Piece } from "../../../../webview/views/head/patch";
import {
  cellsPerSide,
  levelFor,
  parentOf,
  tilesInView,
  tileWindow,
  topLevel,
} from "../../../../webview/views/head/pyramid";

const size = { nRows: 4096, nColumns: 4096 };

describe("levels", () => {
  it("end where one tile holds the matrix", () => {
    expect([1, 256, 257, 1024, 1025, 4096].map((n) => topLevel({ nRows: n, nColumns: 1 }))).toEqual([
      0, 0, 1, 2, 3, 4,
    ]);
  });

  it("are the finest whose cells are at least a pixel", () => {
    expect([4, 1, 0.9, 0.5, 0.49, 0.01].map((pixels) => levelFor(pixels, 4))).toEqual([0, 0, 1, 1, 2, 4]);
  });
});

describe("tiles", () => {
  it("cover what is seen and no more, the middle first", () => {
    const all = tilesInView({ row: 0, column: 0, zoom: 1 }, size, 3);
    expect(all).toHaveLength(4);
    const seen = tilesInView({ row: 1000, column: 2040, zoom: 16 }, size, 0);
    // 256 x 256 cells from (1000, 2040): rows 3..4, columns 7..8 of 256.
    expect(seen.map(({ row, column }) => `${row} ${column}`).sort()).toEqual(["3 7", "3 8", "4 7", "4 8"]);
    expect(seen[0]).toMatchObject({ row: 4, column: 8 });
  });

  it("end with the matrix", () => {
    const odd = { nRows: 1000, nColumns: 700 };
    expect(tileWindow({ level: 1, row: 1, column: 1 }, odd)).toEqual({
      queryStart: 512,
      queryEnd: 1000,
      keyStart: 512,
      keyEnd: 700,
    });
  });

  it("lie inside their parents", () => {
    const tile = { level: 0, row: 5, column: 14 };
    expect(parentOf(tile)).toEqual({ level: 1, row: 2, column: 7 });
    const [inner, outer] = [tileWindow(tile, size), tileWindow(parentOf(tile), size)];
    expect(inner.queryStart).toBeGreaterThanOrEqual(outer.queryStart);
    expect(inner.keyEnd).toBeLessThanOrEqual(outer.keyEnd);
  });
});

describe("painting in pieces", () => {
  const n = 700;
  const matrix = Float32Array.from({ length: n * n }, (_, at) => ((at * 7919) % 1000) / 1000);
  const colours = cellColours(sequentialRamp("theme", paperPalette), paperPalette);
  const slice = (level: number, row: number, column: number) => {
    const window = tileWindow({ level, row, column }, { nRows: n, nColumns: n });
    const data = maxPoolBlocks(matrix, n, window, cellsPerSide(level));
    const columns = Math.ceil((window.keyEnd - window.keyStart) / cellsPerSide(level));
    return { ...window, rows: data.length / columns, columns, data };
  };
  const paint = (pieces: readonly Piece[], viewport: { row: number; column: number; zoom: number }) => {
    const edge = 333;
    const target: Pixels = { width: edge, height: edge, data: new Uint8ClampedArray(edge * edge * 4) };
    const cell = { width: (edge / n) * viewport.zoom, height: (edge / n) * viewport.zoom };
    for (const piece of pieces) {
      const placed = placePiece(piece, viewport, cell, target);
      if (placed) paintCells(target, placed.at, piece.patch.cells, placed.view, colours);
    }
    return new Uint32Array(target.data.buffer);
  };

  it("gives, pixel for pixel, what painting the whole gives, whatever the zoom", () => {
    const scale = weightScale(true);
    const whole = patchOf(
      { queryStart: 0, queryEnd: n, keyStart: 0, keyEnd: n, rows: n, columns: n, data: matrix },
      1,
      scale,
    );
    const all: Piece = { patch: whole, rowStart: 0, rowEnd: n, columnStart: 0, columnEnd: n };
    for (const viewport of [
      { row: 100.3, column: 77.7, zoom: 2.5 },
      { row: 255.5, column: 400, zoom: 7 },
    ]) {
      const tiles = tilesInView(viewport, { nRows: n, nColumns: n }, 0).map((address): Piece => {
        const { queryStart, queryEnd, keyStart, keyEnd } = tileWindow(address, { nRows: n, nColumns: n });
        const patch = patchOf(slice(0, address.row, address.column), 1, scale);
        return { patch, rowStart: queryStart, rowEnd: queryEnd, columnStart: keyStart, columnEnd: keyEnd };
      });
      expect(tiles.length).toBeGreaterThan(1);
      expect(
        Buffer.from(paint(tiles, viewport).buffer).equals(Buffer.from(paint([all], viewport).buffer)),
      ).toBe(true);
    }
  });

  it("shows a single strong weight at every level", () => {
    const lone = new Float32Array(n * n);
    lone[613 * n + 42] = 1;
    for (const level of [0, 1, 2]) {
      const perSide = cellsPerSide(level);
      const window = { queryStart: 0, queryEnd: n, keyStart: 0, keyEnd: n };
      const data = maxPoolBlocks(lone, n, window, perSide);
      const edge = Math.ceil(n / perSide);
      const patch = patchOf({ ...window, rows: edge, columns: edge, data }, perSide, weightScale(true));
      const pixels = paint([{ patch, rowStart: 0, rowEnd: n, columnStart: 0, columnEnd: n }], {
        row: 0,
        column: 0,
        zoom: 1,
      });
      expect(new Set(pixels).size, `level ${level}`).toBe(2);
    }
  });

  it("hatches what is masked and marks what is no number", () => {
    const window = { queryStart: 0, queryEnd: 1, keyStart: 0, keyEnd: 3 };
    const slice = {
      ...window,
      rows: 1,
      columns: 3,
      data: Float32Array.of(0.5, 0, NaN),
      visible: Uint8Array.of(1, 0, 1),
    };
    const { codes } = patchOf(slice, 1, weightScale(false)).cells;
    expect([...codes]).toEqual([128, maskedCell, notANumberCell]);
  });
});
