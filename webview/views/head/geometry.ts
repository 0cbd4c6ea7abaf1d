import type { PlotSize } from "./viewport";

/** Where the parts of the head view are, in CSS pixels of its figure. */
export interface HeadGeometry extends PlotSize {
  readonly left: number;
  readonly top: number;
  readonly plotWidth: number;
  readonly plotHeight: number;
  /** Bars of column sums: above the plot; 0 high when not shown. */
  readonly sumsHeight: number;
  /** Bars of row entropy: right of the plot; 0 wide when not shown. */
  readonly entropyWidth: number;
  readonly legendTop: number;
  readonly width: number;
  readonly height: number;
  /** Key labels stand upright when they are wider than a cell. */
  readonly turned: boolean;
}

export interface HeadSpace {
  readonly width: number;
  readonly height: number;
  readonly nRows: number;
  readonly nColumns: number;
  /** Widest label of each axis in pixels. */
  readonly queryLabelWidth: number;
  readonly keyLabelWidth: number;
  readonly hasBars: boolean;
}

export const labelSize = 11;
const largestCell = 44;
/** A plot lower than this would show too little; the view scrolls instead. */
const leastPlot = 340;
const legendHeight = 52;
const gap = 6;

/** The largest square cells for which plot, labels, bars and legend fit into the space. */
export function headGeometry(space: HeadSpace): HeadGeometry {
  const { nRows, nColumns, hasBars } = space;
  const narrow = space.width < 520;
  const left = 16 + Math.min(space.queryLabelWidth, narrow ? 84 : 132) + gap;
  const sumsHeight = hasBars ? 22 : 0;
  const entropyWidth = hasBars ? (narrow ? 34 : 52) : 0;
  const right = entropyWidth ? entropyWidth + gap + 4 : 8;
  const upright = Math.min(space.keyLabelWidth, narrow ? 76 : 104);
  const fit = (labels: number) => {
    const wide = space.width - left - right;
    const high = space.height - (16 + labels + gap + sumsHeight) - legendHeight;
    return Math.max(
      Math.min(wide, 160) / nColumns,
      Math.min(largestCell, wide / nColumns, Math.max(Math.min(wide, leastPlot), high) / nRows),
    );
  };
  const flat = fit(labelSize);
  const turned = space.keyLabelWidth > flat - 4;
  const cell = turned ? fit(upright) : flat;
  const top = 16 + (turned ? upright : labelSize) + gap + (sumsHeight ? sumsHeight + 2 : 0);
  const plotWidth = cell * nColumns;
  const plotHeight = cell * nRows;
  const legendTop = top + plotHeight + 12;
  return {
    nRows,
    nColumns,
    cell,
    left,
    top,
    plotWidth,
    plotHeight,
    sumsHeight,
    entropyWidth,
    legendTop,
    turned,
    width: Math.max(left + plotWidth + right, Math.min(space.width, left + 300)),
    height: legendTop + legendHeight - 12,
  };
}
