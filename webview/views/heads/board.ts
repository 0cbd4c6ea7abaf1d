import { paintCells, type CellColours, type Cells } from "../../../src/paint/heatmap";

/** Where a thumbnail lies on the board, in its pixels. */
interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One picture for all thumbnails of the overview. What was painted stays: only what changed is painted again. */
export class Board {
  #picture: ImageData | undefined;
  /** By place. */
  #painted = new Map<string, Cells>();
  #look = "";

  constructor(private readonly canvas: HTMLCanvasElement) {}

  /** Paints thumbnails where they are to be; a board of another size, other colours or other places is painted anew. */
  paint(
    thumbnails: readonly { readonly cells: Cells; readonly at: Rectangle }[],
    colours: CellColours,
  ): void {
    const { width, height } = this.canvas;
    const pen = this.canvas.getContext("2d")!;
    const look = JSON.stringify([width, height, [...colours.ramp], { ...colours, ramp: 0 }]);
    const places = new Map(thumbnails.map((one) => [JSON.stringify(one.at), one]));
    if (!this.#picture || look !== this.#look || [...this.#painted.keys()].some((at) => !places.has(at))) {
      this.#picture = pen.createImageData(width, height);
      this.#painted.clear();
      this.#look = look;
    }
    const { data } = this.#picture;
    let [left, top, right, bottom] = [width, height, 0, 0];
    const isFirst = this.#painted.size === 0;
    for (const [place, { cells, at }] of places) {
      if (this.#painted.get(place) === cells) continue;
      this.#painted.set(place, cells);
      const view = {
        row: 0,
        column: 0,
        cellWidth: at.width / cells.columns,
        cellHeight: at.height / cells.rows,
      };
      paintCells({ width, height, data }, at, cells, view, colours);
      left = Math.min(left, at.x);
      top = Math.min(top, at.y);
      right = Math.max(right, at.x + at.width);
      bottom = Math.max(bottom, at.y + at.height);
    }
    if (isFirst) pen.putImageData(this.#picture, 0, 0);
    else if (right > left) pen.putImageData(this.#picture, 0, 0, left, top, right - left, bottom - top);
  }
}
