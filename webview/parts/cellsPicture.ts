import { noChange } from "lit-html";
import { directive, Directive, PartType, type ElementPart, type PartInfo } from "lit-html/directive.js";
import { cssColour } from "../../src/paint/colour";
import { cellColours, paintCells, type Cells } from "../../src/paint/heatmap";
import type { Palette } from "../../src/paint/palette";
import type { Ramp } from "../../src/paint/ramp";

/** Cells to be painted over a whole canvas; `ramp` and `palette` are compared by identity. */
export interface CellsPicture {
  readonly cells: Cells;
  readonly ramp: Ramp;
  readonly palette: Palette;
}

/**
 * `<canvas ${cellsPicture(…)}>` paints cells over the canvas in the pixels of the screen: at once after a change, and
 * again when the canvas changes its size.
 */
export const cellsPicture = directive(
  class extends Directive {
    shown: CellsPicture | undefined;

    constructor(info: PartInfo) {
      super(info);
      if (info.type !== PartType.ELEMENT) throw new Error("cellsPicture belongs on a canvas");
    }

    render(_picture: CellsPicture) {
      return noChange;
    }

    override update(part: ElementPart, [picture]: [CellsPicture]) {
      const before = this.shown;
      const same =
        before?.cells === picture.cells && before.ramp === picture.ramp && before.palette === picture.palette;
      if (!same) {
        this.shown = picture;
        const canvas = part.element as HTMLCanvasElement;
        const stripes = stripesOf(picture);
        canvas.style.backgroundImage = stripes ?? "";
        if (stripes) {
          pictures.delete(canvas);
          return noChange;
        }
        if (!pictures.has(canvas)) watchedSizes().observe(canvas);
        pictures.set(canvas, picture);
        schedule(canvas);
      }
      return noChange;
    }
  },
);

/** A vector of more dimensions is cheaper as a bitmap. */
const mostStripes = 64;
const hexOf = new WeakMap<Ramp, string[]>();

/**
 * One row of few cells as a background of hard stops, where none is hatched. A bitmap costs the compositor 0.2 ms each
 * time it changes (measured: 27 of 97 ms for the 114 rows of Steps), a background next to nothing.
 */
function stripesOf({ cells: { rows, columns, codes }, ramp }: CellsPicture): string | undefined {
  if (rows !== 1 || columns === 0 || columns > mostStripes) return undefined;
  const colours = hexOf.get(ramp) ?? ramp.map(cssColour);
  hexOf.set(ramp, colours);
  const stops: string[] = [];
  for (let column = 0; column < columns;) {
    const code = codes[column]!;
    if (code > 255) return undefined;
    let end = column + 1;
    while (end < columns && codes[end] === code) end++;
    stops.push(`${colours[code]!} 0 ${(end / columns) * 100}%`);
    column = end;
  }
  return `linear-gradient(90deg, ${stops.length > 1 ? stops.join(",") : `${stops[0]}, ${stops[0]}`})`;
}

const pictures = new WeakMap<HTMLCanvasElement, CellsPicture>();
const waiting = new Set<HTMLCanvasElement>();
let sizes: ResizeObserver | undefined;

/** Made with the first picture, so that the module can be read where there is no page. */
function watchedSizes(): ResizeObserver {
  sizes ??= new ResizeObserver((entries) =>
    entries.forEach(({ target }) => schedule(target as HTMLCanvasElement)),
  );
  return sizes;
}

function schedule(canvas: HTMLCanvasElement): void {
  if (waiting.size === 0) queueMicrotask(paintWaiting);
  waiting.add(canvas);
}

/** All sizes are read before the first pixel is written: one layout for however many canvases. */
function paintWaiting(): void {
  const sized = [...waiting].map((canvas) => ({
    canvas,
    width: Math.round(canvas.clientWidth * devicePixelRatio),
    height: Math.round(canvas.clientHeight * devicePixelRatio),
  }));
  waiting.clear();
  for (const { canvas, width, height } of sized) paint(canvas, width, height);
}

function paint(canvas: HTMLCanvasElement, width: number, height: number): void {
  const picture = pictures.get(canvas);
  const context = canvas.getContext("2d", { alpha: false });
  if (!picture || !context || width === 0 || height === 0) return;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const { cells, ramp, palette } = picture;
  const image = context.createImageData(width, height);
  if (cells.rows > 0 && cells.columns > 0) {
    const view = { row: 0, column: 0, cellWidth: width / cells.columns, cellHeight: height / cells.rows };
    paintCells(image, { x: 0, y: 0, width, height }, cells, view, coloursOf(ramp, palette));
  }
  context.putImageData(image, 0, 0);
}

/** 256 pixels are computed once for a ramp, not for each canvas. */
const known = new WeakMap<Ramp, ReturnType<typeof cellColours>>();

function coloursOf(ramp: Ramp, palette: Palette): ReturnType<typeof cellColours> {
  const found = known.get(ramp);
  if (found) return found;
  const made = cellColours(ramp, palette, devicePixelRatio);
  known.set(ramp, made);
  return made;
}
