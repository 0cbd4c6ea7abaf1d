import { blend, cssColour } from "./colour";
import {
  maskedCell,
  notANumberCell,
  notComputedCell,
  paintCells,
  cellColours,
  type Cells,
  type Pixels,
} from "./heatmap";
import type { Palette } from "./palette";
import type { Ramp } from "./ramp";
import { element, pixels } from "./svg";

/** Up to this many cells are drawn as paths, which stay sharp in print; more become a picture. */
const mostCellsAsPaths = 128 * 128;

/** Turns pixels into a `data:` URL of a lossless picture; given by whoever has an encoder. */
export type EncodeImage = (picture: Pixels) => string;

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type PatternName = "masked" | "not-a-number" | "not-computed";

/** How a fill names a pattern. The id carries the background, so that figures of two themes can stand in one page. */
export function patternFill(name: PatternName, palette: Palette): string {
  return `url(#${patternId(name, palette)})`;
}

/** Patterns that the cells and the legend refer to; once in a document. */
export function cellPatterns(palette: Palette): string {
  const line = cssColour(blend(palette.background, palette.foreground, 0.22));
  const ground = cssColour(blend(palette.background, palette.foreground, 0.025));
  const error = cssColour(palette.error);
  const size = { width: 6, height: 6, patternUnits: "userSpaceOnUse" };
  const dotted = cssColour(blend(palette.background, palette.foreground, 0.09));
  const dot = cssColour(blend(palette.background, palette.foreground, 0.45));
  return element("defs", {}, [
    element("pattern", { id: patternId("masked", palette), ...size }, [
      element("rect", { width: 6, height: 6, fill: ground }),
      element("path", { d: "M-1 7L7 -1M-1 1L1 -1M5 7L7 5", stroke: line, "stroke-width": 0.6 }),
    ]),
    element("pattern", { id: patternId("not-computed", palette), ...size }, [
      element("rect", { width: 6, height: 6, fill: dotted }),
      element("path", { d: "M1 1h2v2h-2z", fill: dot }),
    ]),
    element("pattern", { id: patternId("not-a-number", palette), ...size }, [
      element("rect", { width: 6, height: 6, fill: cssColour(palette.background) }),
      element("path", { d: "M0 0h3v3h-3zM3 3h3v3h-3z", fill: error }),
    ]),
  ]);
}

export function svgCells(
  cells: Cells,
  place: Place,
  ramp: Ramp,
  palette: Palette,
  encode: EncodeImage,
): string {
  return cells.rows * cells.columns <= mostCellsAsPaths
    ? element("g", { "shape-rendering": "crispEdges" }, cellPaths(cells, place, ramp, palette))
    : cellPicture(cells, place, ramp, palette, encode);
}

/** One path for each colour; neighbours of one colour in a row are one rectangle. */
function cellPaths({ rows, columns, codes }: Cells, place: Place, ramp: Ramp, palette: Palette): string[] {
  const width = place.width / columns;
  const height = place.height / rows;
  const paths = new Map<number, string[]>();
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns;) {
      const code = codes[row * columns + column]!;
      let end = column + 1;
      while (end < columns && codes[row * columns + end] === code) end++;
      const left = pixels(place.x + column * width);
      const parts = paths.get(code) ?? [];
      parts.push(
        `M${left} ${pixels(place.y + row * height)}H${pixels(place.x + end * width)}V${pixels(place.y + (row + 1) * height)}H${left}z`,
      );
      paths.set(code, parts);
      column = end;
    }
  }
  const fill = (code: number) =>
    code === maskedCell
      ? patternFill("masked", palette)
      : code === notANumberCell
        ? patternFill("not-a-number", palette)
        : code === notComputedCell
          ? patternFill("not-computed", palette)
          : cssColour(ramp[code]!);
  return [...paths].map(([code, parts]) => element("path", { fill: fill(code), d: parts.join("") }));
}

/** Enlarged by a whole factor, so that a viewer that smooths pictures does not blur the cells. */
function cellPicture(cells: Cells, place: Place, ramp: Ramp, palette: Palette, encode: EncodeImage): string {
  const factor = Math.max(1, Math.round(1536 / Math.max(cells.rows, cells.columns)));
  const width = cells.columns * factor;
  const height = cells.rows * factor;
  const picture: Pixels = { width, height, data: new Uint8ClampedArray(width * height * 4) };
  const colours = cellColours(ramp, palette, width / place.width);
  const view = { row: 0, column: 0, cellWidth: factor, cellHeight: factor };
  paintCells(picture, { x: 0, y: 0, width, height }, cells, view, colours);
  return element("image", { ...place, href: encode(picture), preserveAspectRatio: "none" });
}

function patternId(name: PatternName, palette: Palette): string {
  return `${name}-${cssColour(palette.background).slice(1)}`;
}
