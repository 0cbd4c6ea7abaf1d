import { cellColours, paintCells } from "../../../src/paint/heatmap";
import { sizeCanvas } from "../../parts/canvas";
import type { Inspector } from "../../state/inspector";
import type { HeadGeometry } from "./geometry";
import type { HeadData } from "./headData";
import { placePiece, type Piece } from "./patch";

/** The cells of what is seen. Where nothing has come yet the ground is left as it is. */
export function paintPlot(
  inspector: Inspector,
  head: HeadData,
  geometry: HeadGeometry,
  canvas: HTMLCanvasElement,
): void {
  canvas.style.left = `${geometry.left}px`;
  canvas.style.top = `${geometry.top}px`;
  const ratio = sizeCanvas(canvas, geometry.plotWidth, geometry.plotHeight);
  const viewport = head.viewport.value;
  const cell = {
    width: (canvas.width / geometry.nColumns) * viewport.zoom,
    height: (canvas.height / geometry.nRows) * viewport.zoom,
  };
  const pieces = piecesOf(head, Math.min(cell.width, cell.height));
  const pen = canvas.getContext("2d", { alpha: false })!;
  const { palette } = inspector.theme.value;
  if (pieces.length === 0) {
    pen.fillStyle = `rgb(${palette.background.join(" ")})`;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    return;
  }
  const colours = cellColours(head.ramp.value, palette, ratio);
  const picture = pen.createImageData(canvas.width, canvas.height);
  for (const piece of pieces) {
    const placed = placePiece(piece, viewport, cell, canvas);
    if (placed) paintCells(picture, placed.at, piece.patch.cells, placed.view, colours);
  }
  pen.putImageData(picture, 0, 0);
}

function piecesOf(head: HeadData, pixelsPerCell: number): readonly Piece[] {
  if (head.large.value) return head.large.value.pieces(pixelsPerCell);
  const patch = head.overall.value;
  const { nRows, nColumns } = head.size.value;
  return patch ? [{ patch, rowStart: 0, rowEnd: nRows, columnStart: 0, columnEnd: nColumns }] : [];
}
