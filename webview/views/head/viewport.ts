/** Which part of a matrix is seen: the cell at the top left corner (fractional) and the magnification, 1 is everything. */
export interface Viewport {
  readonly row: number;
  readonly column: number;
  readonly zoom: number;
}

/** The matrix in cells and its plot in pixels. */
export interface PlotSize {
  readonly nRows: number;
  readonly nColumns: number;
  /** Pixels for one cell at zoom 1; cells are square. */
  readonly cell: number;
}

export const everything: Viewport = { row: 0, column: 0, zoom: 1 };

/** Cells become at most this many pixels. */
const largestCell = 64;

/** Magnifies by `factor`, keeping what is at (x, y) pixels of the plot where it is. */
export function zoomAt(viewport: Viewport, size: PlotSize, factor: number, x: number, y: number): Viewport {
  const most = Math.max(1, largestCell / size.cell);
  const zoom = Math.min(most, Math.max(1, viewport.zoom * factor));
  const before = size.cell * viewport.zoom;
  const after = size.cell * zoom;
  return clamp(
    { zoom, row: viewport.row + y / before - y / after, column: viewport.column + x / before - x / after },
    size,
  );
}

/** Moves what is seen by pixels of the plot. */
export function panBy(viewport: Viewport, size: PlotSize, dx: number, dy: number): Viewport {
  const cell = size.cell * viewport.zoom;
  return clamp({ ...viewport, row: viewport.row - dy / cell, column: viewport.column - dx / cell }, size);
}

/** Moves just as far as is needed to see the cell. */
export function reveal(viewport: Viewport, size: PlotSize, row: number, column: number): Viewport {
  const into = (first: number, seen: number, index: number) =>
    index < first ? index : index + 1 > first + seen ? index + 1 - seen : first;
  const { rows, columns } = seenCells(viewport, size);
  return clamp(
    { ...viewport, row: into(viewport.row, rows, row), column: into(viewport.column, columns, column) },
    size,
  );
}

/** How many rows and columns are seen, fractions included. */
export function seenCells(viewport: Viewport, size: PlotSize): { rows: number; columns: number } {
  return { rows: size.nRows / viewport.zoom, columns: size.nColumns / viewport.zoom };
}

/** The cell at pixels of the plot; undefined outside. */
export function cellAt(
  viewport: Viewport,
  size: PlotSize,
  x: number,
  y: number,
): { query: number; key: number } | undefined {
  const cell = size.cell * viewport.zoom;
  const query = Math.floor(viewport.row + y / cell);
  const key = Math.floor(viewport.column + x / cell);
  const outside = x < 0 || y < 0 || x >= size.cell * size.nColumns || y >= size.cell * size.nRows;
  return outside || query < 0 || key < 0 || query >= size.nRows || key >= size.nColumns
    ? undefined
    : { query, key };
}

function clamp({ row, column, zoom }: Viewport, size: PlotSize): Viewport {
  const limit = (value: number, count: number) => Math.min(Math.max(0, value), count - count / zoom);
  return { zoom, row: limit(row, size.nRows), column: limit(column, size.nColumns) };
}
