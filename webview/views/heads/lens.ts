import { cellColours, paintCells } from "../../../src/paint/heatmap";
import type { OverviewCell, OverviewLayout } from "../../../src/paint/overviewLayout";
import { sequentialRamp } from "../../../src/paint/ramp";
import { sizeCanvas } from "../../parts/canvas";
import type { ViewContext } from "../view";
import type { OverviewData } from "./overviewData";

/** Edge of the enlarged thumbnail in CSS pixels, and how long the pointer rests before it shows, in ms. */
const edge = 220;
const rest = 250;

export interface Lens {
  show(cell: OverviewCell | undefined, layout: OverviewLayout): void;
  stop(): void;
}

/** The thumbnail under a resting pointer, enlarged beside it. */
export function createLens(parent: HTMLElement, { inspector }: ViewContext, data: OverviewData): Lens {
  const box = document.createElement("div");
  box.className = "lens";
  box.hidden = true;
  box.setAttribute("aria-hidden", "true");
  const canvas = document.createElement("canvas");
  const caption = document.createElement("span");
  box.append(canvas, caption);
  parent.append(box);
  let timer: ReturnType<typeof setTimeout> | undefined;

  function open(cell: OverviewCell, layout: OverviewLayout): void {
    const cells = data.cellsOf(cell.layer, cell.head);
    if (!cells || layout.cellWidth > edge * 0.75) return;
    const height = Math.round((edge * layout.cellHeight) / layout.cellWidth);
    const ratio = sizeCanvas(canvas, edge, height);
    const pen = canvas.getContext("2d")!;
    const { palette } = inspector.theme.peek();
    const colours = cellColours(sequentialRamp(inspector.settings.peek().colourMap, palette), palette, ratio);
    const picture = pen.createImageData(canvas.width, canvas.height);
    const at = { x: 0, y: 0, width: canvas.width, height: canvas.height };
    const view = {
      row: 0,
      column: 0,
      cellWidth: at.width / cells.columns,
      cellHeight: at.height / cells.rows,
    };
    paintCells({ ...at, data: picture.data }, at, cells, view, colours);
    pen.putImageData(picture, 0, 0);
    caption.textContent = cell.head === "mean" ? `L${cell.layer} mean` : `L${cell.layer} H${cell.head}`;
    const right = cell.x + layout.cellWidth + 8;
    const fits = right + edge + 10 <= parent.clientWidth;
    box.style.left = `${fits ? right : Math.max(0, cell.x - edge - 16)}px`;
    box.style.top = `${Math.max(0, Math.min(cell.y - 10, layout.height - height - 30))}px`;
    box.hidden = false;
  }

  return {
    show(cell, layout) {
      clearTimeout(timer);
      box.hidden = true;
      if (cell) timer = setTimeout(() => open(cell, layout), rest);
    },
    stop: () => clearTimeout(timer),
  };
}
