import { cellColours, paintCells } from "../../../src/paint/heatmap";
import { cssColour } from "../../../src/paint/colour";
import { sizeCanvas } from "../../parts/canvas";
import type { Inspector } from "../../state/inspector";
import type { HeadGeometry } from "./geometry";
import type { HeadData } from "./headData";
import { seenCells } from "./viewport";

/** Longer edge in CSS pixels. */
const edge = 88;

/** The whole matrix with a frame around what is seen; hidden at zoom 1. In the corner that a causal mask leaves free. */
export function createMinimap(
  canvas: HTMLCanvasElement,
  inspector: Inspector,
  head: HeadData,
): (geometry: HeadGeometry) => void {
  // While a person pans only the frame moves.
  let painted: { readonly key: readonly unknown[]; readonly picture: ImageData } | undefined;
  return (geometry) => {
    const viewport = head.viewport.value;
    const patch = head.overall.value;
    canvas.hidden = viewport.zoom === 1 || !patch || geometry.plotWidth < 2.5 * edge;
    if (canvas.hidden || !patch) return;
    const scale = edge / Math.max(geometry.plotWidth, geometry.plotHeight);
    const width = Math.round(geometry.plotWidth * scale);
    const height = Math.round(geometry.plotHeight * scale);
    canvas.style.left = `${geometry.left + geometry.plotWidth - width - 6}px`;
    canvas.style.top = `${geometry.top + 6}px`;
    const ratio = sizeCanvas(canvas, width, height);
    const pen = canvas.getContext("2d")!;
    const { palette } = inspector.theme.value;
    const { ramp } = head;
    const key = [
      patch.cells,
      ramp.value,
      palette,
      canvas.width,
      canvas.height,
      geometry.nRows,
      geometry.nColumns,
    ];
    if (!painted || key.some((part, at) => part !== painted!.key[at])) {
      const picture = pen.createImageData(canvas.width, canvas.height);
      const view = {
        row: 0,
        column: 0,
        cellWidth: (canvas.width / geometry.nColumns) * patch.perSide,
        cellHeight: (canvas.height / geometry.nRows) * patch.perSide,
      };
      const at = { x: 0, y: 0, width: canvas.width, height: canvas.height };
      paintCells(picture, at, patch.cells, view, cellColours(ramp.value, palette, ratio));
      painted = { key, picture };
    }
    pen.putImageData(painted.picture, 0, 0);
    const seen = seenCells(viewport, geometry);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.strokeStyle = cssColour(palette.query);
    pen.lineWidth = 1.5;
    pen.strokeRect(
      (viewport.column / geometry.nColumns) * width,
      (viewport.row / geometry.nRows) * height,
      (seen.columns / geometry.nColumns) * width,
      (seen.rows / geometry.nRows) * height,
    );
    pen.setTransform(1, 0, 0, 1, 0, 0);
  };
}
