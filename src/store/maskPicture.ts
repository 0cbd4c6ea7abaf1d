import { classifyMask, keysPerQuery, type Visibility } from "../core/mask";
import { maskParts } from "../core/maskParts";
import { cellRange } from "../core/pooling";
import type { BlockKind } from "../core/run";
import type { MaskPicture } from "../protocol/stages";
import { layerOf, tensorOf } from "./heads";
import { visibleKeys } from "./layerMask";
import type { StoredRun } from "./storedRun";

/** A layer's mask as its weights show it, the rules it is made of, and how many keys each query sees. */
export function maskPicture(
  run: StoredRun,
  block: BlockKind,
  layerIndex: number,
  most: { readonly maxRows: number; readonly maxColumns: number },
): MaskPicture {
  const layer = layerOf(run, block, layerIndex);
  const { nQueries, nKeys, mask } = layer.info;
  const visibility = { nQueries, nKeys, visible: visibleKeys(tensorOf(layer, "weights"), mask) };
  const rows = Math.min(nQueries, most.maxRows);
  const columns = Math.min(nKeys, most.maxColumns);
  const found = classifyMask(visibility);
  return {
    nQueries,
    nKeys,
    rows,
    columns,
    visible: pooled(visibility, rows, columns),
    class: found,
    perQuery: keysPerQuery(visibility),
    parts: maskParts(visibility, found).map(({ rule, visibility: own }) => ({
      rule,
      visible: pooled(own, rows, columns),
    })),
  };
}

/** 1 where any of the cells pooled is visible. */
function pooled({ nQueries, nKeys, visible }: Visibility, rows: number, columns: number): Uint8Array {
  if (rows === nQueries && columns === nKeys) return visible;
  const out = new Uint8Array(rows * columns);
  const columnOf = new Uint32Array(nKeys);
  for (let column = 0; column < columns; column++)
    columnOf.fill(column, ...cellRange(column, nKeys, columns));
  for (let row = 0; row < rows; row++) {
    const [first, end] = cellRange(row, nQueries, rows);
    for (let query = first; query < end; query++) {
      for (let key = 0; key < nKeys; key++) {
        if (visible[query * nKeys + key]) out[row * columns + columnOf[key]!] = 1;
      }
    }
  }
  return out;
}
