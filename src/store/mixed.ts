import { badChoice } from "../core/errors";
import type { BlockKind } from "../core/run";
import type { Tensor } from "../core/tensor";
import type { StoredRun } from "./storedRun";

/** A measure that joins all heads of a layer: one matrix [n, n] for each layer. */
export type Mix = "rollout" | "flow";

/** One row (of a query) or column (of a key). */
export interface Line {
  readonly axis: "query" | "key";
  readonly index: number;
}

/** The matrix of a layer ("all": of the last one), as `prepareMeasure` made it. */
export function mixedOf(run: StoredRun, mix: Mix, block: BlockKind, layer: number | "all"): Tensor {
  const found = run.mixed.get(mixKey(mix, block, lastLayer(run, block, layer)));
  if (!found) throw badChoice(`the ${mix} of ${block} layer ${layer} was not computed`);
  return found;
}

/** One row or column of it, as an exact copy; that alone may have been made. */
export function mixedLine(
  run: StoredRun,
  mix: Mix,
  block: BlockKind,
  layer: number | "all",
  line: Line,
): Float32Array {
  const key = mixKey(mix, block, lastLayer(run, block, layer));
  const alone = run.mixed.get(lineKey(key, line));
  if (alone) return alone.data.slice();
  const { dims, data } = mixedOf(run, mix, block, layer);
  const [n = 0] = dims;
  const { axis, index } = line;
  if (!(index >= 0 && index < n)) throw badChoice(`there is no ${axis} ${index} among ${n}`);
  return axis === "query"
    ? data.slice(index * n, (index + 1) * n)
    : Float32Array.from({ length: n }, (_, query) => data[query * n + index]!);
}

/** The layer itself, or the last one of the block. */
export function lastLayer(run: StoredRun, block: BlockKind, layer: number | "all"): number {
  if (layer !== "all") return layer;
  return run.layers.filter((each) => each.block === block).at(-1)?.info.layer ?? 0;
}

export function mixKey(what: string, block: BlockKind, layer: number): string {
  return `${what} ${block} ${layer}`;
}

export function lineKey(key: string, { axis, index }: Line): string {
  return `${key} ${axis} ${index}`;
}
