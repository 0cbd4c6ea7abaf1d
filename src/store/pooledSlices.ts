import { maxPool, toBytes } from "../core/pooling";
import { weightsOfCodes } from "../core/weightCodes";
import type { MatrixQuery, MatrixSlice, ThumbnailQuery, Thumbnails } from "../protocol/slices";
import { layerOf, layersOf } from "./heads";
import { HeldHeads, type PooledCodes } from "./headwise";
import type { StoredLayer, StoredRun } from "./storedRun";

/**
 * Slices of heads whose weights are not kept, from what was pooled inside the graph: no strong weight is lost, but it
 * may lie up to 8 tokens aside.
 */
export function pooledThumbnails(run: StoredRun, query: ThumbnailQuery): Thumbnails | undefined {
  const { block, size, measure = "weights", of = "heads" } = query;
  if (measure !== "weights") return undefined;
  const layers = layersOf(run, block).filter(({ tensors }) => tensors.has("weights"));
  const pooled = layers.map(pooledOf);
  const [first] = pooled;
  if (!first || pooled.some((one) => one?.rows !== first.rows)) return undefined;
  const rows = Math.min(first.rows, size);
  const columns = Math.min(first.columns, size);
  const shown = layers.map(({ info: { layer, nHeads } }) => ({ layer, nHeads: of === "means" ? 1 : nHeads }));
  const data = new Uint8Array(shown.reduce((sum, { nHeads }) => sum + nHeads, 0) * rows * columns);
  let at = 0;
  shown.forEach(({ nHeads }, index) => {
    const cells = pooled[index]!;
    for (let head = 0; head < nHeads; head++, at += rows * columns) {
      const grid = of === "means" ? { ...cells, cells: cells.mean } : headOfPooled(cells, head);
      toBytes(shrunk(grid, rows, columns), data.subarray(at, at + rows * columns));
    }
  });
  return { block, layers: shown, rows, columns, data, largest: 1 };
}

/** The whole matrix of a choice at a size that what was pooled is enough for; undefined where it is not. */
export function pooledMatrix(run: StoredRun, query: MatrixQuery): MatrixSlice | undefined {
  const { choice, measure, window, layout, tokensPerCell, maxRows, maxColumns } = query;
  if (measure !== "weights" || window || layout || tokensPerCell !== undefined || choice.layer === "all")
    return;
  const layer = layerOf(run, choice.block, choice.layer);
  const pooled = pooledOf(layer);
  if (!pooled || !maxRows || !maxColumns || maxRows > pooled.rows || maxColumns > pooled.columns) return;
  const { nQueries, nKeys, nHeads } = layer.info;
  const source =
    choice.head === "mean"
      ? { ...pooled, cells: pooled.mean }
      : choice.head === "max"
        ? { ...pooled, cells: largestOver(pooled, nHeads) }
        : headOfPooled(pooled, choice.head);
  const [rows, columns] = [Math.max(1, Math.floor(maxRows)), Math.max(1, Math.floor(maxColumns))];
  return {
    queryStart: 0,
    queryEnd: nQueries,
    keyStart: 0,
    keyEnd: nKeys,
    rows,
    columns,
    data: shrunk(source, rows, columns),
  };
}

interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly cells: Uint8Array;
}

function pooledOf({ tensors }: StoredLayer): PooledCodes | undefined {
  const weights = tensors.get("weights");
  return weights instanceof HeldHeads ? weights.pooled : undefined;
}

function headOfPooled({ rows, columns, heads }: PooledCodes, head: number): Grid {
  return { rows, columns, cells: heads.subarray(head * rows * columns, (head + 1) * rows * columns) };
}

function largestOver(pooled: PooledCodes, nHeads: number): Uint8Array {
  const cells = new Uint8Array(pooled.rows * pooled.columns);
  for (let head = 0; head < nHeads; head++) {
    headOfPooled(pooled, head).cells.forEach((code, i) => (cells[i] = Math.max(cells[i]!, code)));
  }
  return cells;
}

function shrunk(grid: Grid, rows: number, columns: number): Float32Array {
  const whole = { queryStart: 0, queryEnd: grid.rows, keyStart: 0, keyEnd: grid.columns };
  return maxPool(weightsOfCodes(grid.cells), grid.columns, whole, rows, columns);
}
