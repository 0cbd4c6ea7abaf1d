/** One place of the overview; "mean" is the mean over the heads of the layer. Pixels, from the top left corner. */
export interface OverviewCell {
  readonly layer: number;
  readonly head: number | "mean";
  readonly x: number;
  readonly y: number;
}

export interface OverviewLayout {
  /** Size of each thumbnail. */
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly width: number;
  readonly height: number;
  readonly cells: readonly OverviewCell[];
  /** Rows of the grid as a keyboard walks it: indices into cells. */
  readonly rows: readonly (readonly number[])[];
  readonly rowLabels: readonly { readonly text: string; readonly y: number }[];
  readonly columnLabels: readonly { readonly text: string; readonly x: number }[];
}

export interface OverviewSpace {
  /** Pixels to fill. */
  readonly width: number;
  readonly minEdge: number;
  readonly maxEdge: number;
  readonly gap: number;
  /** Height of a thumbnail over its width: queries over keys. */
  readonly aspect: number;
  /** Room for the labels of layers at the left, and of heads on top. */
  readonly labelWidth: number;
  readonly labelHeight: number;
  /** Each layer has one picture in place of its heads; what it is, as a label. */
  readonly joined?: string;
}

/** Rows are layers, layer 0 on top; columns are heads; the row's mean stands at the end, a gap apart. */
export function overviewByPlace(
  layers: readonly { readonly layer: number; readonly nHeads: number }[],
  space: OverviewSpace,
): OverviewLayout {
  const { gap, labelWidth, labelHeight } = space;
  const isJoined = space.joined !== undefined;
  const inRow = isJoined && layersInRow(layers, space);
  if (inRow) return inRow;
  const nColumns = isJoined ? 0 : Math.max(1, ...layers.map(({ nHeads }) => nHeads));
  const meanGap = isJoined ? 0 : 3 * gap;
  const free = space.width - labelWidth - nColumns * gap - meanGap;
  const cellWidth = clampEdge(free / (nColumns + 1), space);
  const cellHeight = Math.max(8, Math.min(2 * cellWidth, Math.round(cellWidth * space.aspect)));
  const columnX = (head: number) => labelWidth + head * (cellWidth + gap);
  const meanX = isJoined ? labelWidth : columnX(nColumns) + meanGap - gap;
  const cells: OverviewCell[] = [];
  const rows: number[][] = [];
  const rowLabels = layers.map(({ layer, nHeads }, row) => {
    const y = labelHeight + row * (cellHeight + gap);
    const indices: number[] = [];
    for (let head = 0; head < (isJoined ? 0 : nHeads); head++) {
      indices.push(cells.push({ layer, head, x: columnX(head), y }) - 1);
    }
    indices.push(cells.push({ layer, head: "mean", x: meanX, y }) - 1);
    rows.push(indices);
    return { text: `L${layer}`, y: y + cellHeight / 2 };
  });
  const columnLabels = Array.from({ length: nColumns }, (_, head) => ({
    text: `H${head}`,
    x: columnX(head) + cellWidth / 2,
  }));
  columnLabels.push({ text: space.joined ?? "mean", x: meanX + cellWidth / 2 });
  const height = labelHeight + layers.length * (cellHeight + gap) - gap;
  return { cellWidth, cellHeight, width: meanX + cellWidth, height, cells, rows, rowLabels, columnLabels };
}

/** One picture for each layer: beside each other where they have the room, else below each other. */
function layersInRow(
  layers: readonly { readonly layer: number }[],
  space: OverviewSpace,
): OverviewLayout | undefined {
  const { gap, labelHeight } = space;
  const free = (space.width + gap) / Math.max(1, layers.length) - gap;
  if (free < Math.max(space.minEdge, LEAST_JOINED)) return undefined;
  const cellWidth = clampEdge(free, space);
  const cellHeight = Math.max(8, Math.min(2 * cellWidth, Math.round(cellWidth * space.aspect)));
  const x = (index: number) => index * (cellWidth + gap);
  return {
    cellWidth,
    cellHeight,
    width: x(layers.length) - gap,
    height: labelHeight + cellHeight,
    cells: layers.map(({ layer }, index) => ({ layer, head: "mean", x: x(index), y: labelHeight })),
    rows: [layers.map((_, index) => index)],
    rowLabels: [],
    columnLabels: layers.map(({ layer }, index) => ({ text: `L${layer}`, x: x(index) + cellWidth / 2 })),
  };
}

/** Smaller pictures of a layer stand below each other instead. */
const LEAST_JOINED = 64;

/** Heads in a given order, filling rows from left to right; `captionHeight` is room under each for its name and value. */
export function overviewByOrder(
  heads: readonly { readonly layer: number; readonly head: number }[],
  space: OverviewSpace,
  captionHeight: number,
): OverviewLayout {
  const { gap } = space;
  const wanted = Math.max(1, Math.ceil(Math.sqrt(heads.length * 1.6)));
  const cellWidth = Math.max(64, clampEdge((space.width + gap) / wanted - gap, space));
  const cellHeight = Math.max(8, Math.min(2 * cellWidth, Math.round(cellWidth * space.aspect)));
  const nColumns = Math.max(1, Math.floor((space.width + gap) / (cellWidth + gap)));
  const rows: number[][] = [];
  const cells = heads.map(({ layer, head }, index) => {
    const row = Math.floor(index / nColumns);
    (rows[row] ??= []).push(index);
    return {
      layer,
      head,
      x: (index % nColumns) * (cellWidth + gap),
      y: row * (cellHeight + captionHeight + gap),
    };
  });
  const height = Math.max(0, rows.length * (cellHeight + captionHeight + gap) - gap);
  const width = Math.min(nColumns, heads.length) * (cellWidth + gap) - gap;
  return { cellWidth, cellHeight, width, height, cells, rows, rowLabels: [], columnLabels: [] };
}

function clampEdge(edge: number, { minEdge, maxEdge }: OverviewSpace): number {
  return Math.floor(Math.min(maxEdge, Math.max(minEdge, edge)));
}
