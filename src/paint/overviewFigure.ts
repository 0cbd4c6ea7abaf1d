import { isPerLayer, legendText, type ShownMeasure } from "../core/measures/measure";
import { cssColour } from "./colour";
import { cellColours, paintCells, type Pixels } from "./heatmap";
import { overviewByPlace } from "./overviewLayout";
import { paperPalette, type Palette } from "./palette";
import { sequentialRamp, type ColourMap } from "./ramp";
import { weightScale } from "./scale";
import { element, svgDocument, text } from "./svg";
import { cellPatterns, type EncodeImage } from "./svgCells";
import { legendHeight, svgLegend } from "./svgLegend";
import { linearCodes, thumbnailCodes } from "./thumbnail";
import { displayColumns } from "./tokenText";

/** All heads of a block as one figure: rows are layers, columns are heads. */
export interface OverviewFigure {
  readonly title: string;
  readonly subtitle?: string;
  readonly layers: readonly { readonly layer: number; readonly nHeads: number }[];
  /** Each head's (of rollout and flow: each layer's) [rows, columns] in order of layer and head, as the store's thumbnails hold them: round(255 * sqrt(value / largest)). */
  readonly thumbnails: { readonly rows: number; readonly columns: number; readonly data: Uint8Array };
  /** One more thumbnail for each layer: the mean over its heads. */
  readonly means?: readonly Uint8Array[];
  readonly isVisible?: (layer: number, row: number, column: number) => boolean;
  /** What the thumbnails show; weights when absent. */
  readonly measure?: Exclude<ShownMeasure, "scores">;
  /** The value of a thumbnail's byte 255; 1 when absent. */
  readonly largest?: number;
  readonly squareRoot?: boolean;
  readonly map?: ColourMap;
  readonly palette?: Palette;
  readonly encodeImage: EncodeImage;
}

/** Pixels of the picture for each pixel of the figure. */
const density = 2;

export function overviewFigure(figure: OverviewFigure): string {
  const palette = figure.palette ?? paperPalette;
  const { layers, thumbnails } = figure;
  const { rows, columns } = thumbnails;
  const ramp = sequentialRamp(figure.map ?? "theme", palette);
  const squareRoot = figure.squareRoot ?? true;
  const margin = 16;
  const head = figure.subtitle ? 40 : 22;
  const joined = isPerLayer(figure.measure ?? "weights");
  const layout = overviewByPlace(layers, {
    ...(joined && { joined: figure.measure }),
    width: 1200,
    minEdge: 48,
    maxEdge: joined ? 220 : 96,
    gap: 4,
    aspect: rows / columns,
    labelWidth: 30,
    labelHeight: 18,
  });
  const hasMeans = joined || figure.means !== undefined;
  const shown = layout.cells.filter(({ head: place }) => hasMeans || place !== "mean");
  const colours = cellColours(ramp, palette, density);
  const left = margin;
  const top = margin + head;
  const images = shown.map(({ layer, head: place, x, y }) => {
    const row = layers.findIndex((entry) => entry.layer === layer);
    const before = layers.slice(0, row).reduce((sum, { nHeads }) => sum + nHeads, 0);
    const bytes = joined
      ? thumbnails.data.subarray(row * rows * columns, (row + 1) * rows * columns)
      : place === "mean"
        ? figure.means![row]!
        : thumbnails.data.subarray((before + place) * rows * columns, (before + place + 1) * rows * columns);
    const visible = figure.isVisible && ((r: number, c: number) => figure.isVisible!(layer, r, c));
    const codes = thumbnailCodes(squareRoot ? bytes : linearCodes(bytes), columns, visible);
    const width = layout.cellWidth * density;
    const height = layout.cellHeight * density;
    const picture: Pixels = { width, height, data: new Uint8ClampedArray(width * height * 4) };
    const view = { row: 0, column: 0, cellWidth: width / columns, cellHeight: height / rows };
    paintCells(picture, { x: 0, y: 0, width, height }, { rows, columns, codes }, view, colours);
    const at = { x: left + x, y: top + y, width: layout.cellWidth, height: layout.cellHeight };
    return [
      element("image", { ...at, href: figure.encodeImage(picture), preserveAspectRatio: "none" }),
      element("rect", { ...at, fill: "none", stroke: cssColour(palette.line), "stroke-width": 0.5 }),
    ].join("");
  });
  const muted = cssColour(palette.muted);
  const label = { fill: muted, "font-size": 11 };
  const columnLabels = hasMeans ? layout.columnLabels : layout.columnLabels.slice(0, -1);
  const bottom = top + layout.height;
  const hasMasked = layers.some(({ layer }) => hidesSome(figure, layer));
  return svgDocument(
    Math.max(left + layout.width, left + 420, left + displayColumns(figure.subtitle ?? "") * 5.8) + margin,
    bottom + 14 + legendHeight + margin,
    cssColour(palette.background),
    figure.title,
    [
      cellPatterns(palette),
      text(figure.title, left, margin + 12, {
        "font-size": 14,
        "font-weight": 600,
        fill: cssColour(palette.foreground),
      }),
      ...(figure.subtitle ? [text(figure.subtitle, left, margin + 30, label)] : []),
      ...layout.rowLabels.map(({ text: name, y }) => text(name, left, top + y + 4, label)),
      ...columnLabels.map(({ text: name, x }) =>
        text(name, left + x, top + 12, { ...label, "text-anchor": "middle" }),
      ),
      ...images,
      svgLegend(
        {
          x: left + 30,
          y: bottom + 14,
          width: 220,
          label: `${legendText(figure.measure ?? "weights", squareRoot)}, the largest of each pixel`,
          ramp,
          scale: weightScale(squareRoot, figure.largest),
          hasMasked,
          hasNotANumber: false,
        },
        palette,
      ),
    ],
  );
}

function hidesSome({ isVisible, thumbnails: { rows, columns } }: OverviewFigure, layer: number): boolean {
  if (!isVisible) return false;
  for (let index = 0; index < rows * columns; index++) {
    if (!isVisible(layer, Math.floor(index / columns), index % columns)) return true;
  }
  return false;
}
