import type { BlockKind } from "../core/run";
import type { AdditiveSlice } from "../protocol/additive";
import { layerOf, tensorOf } from "./heads";
import type { StoredRun } from "./storedRun";

/** The terms of a layer's additive scores; throws where the graph does not hand them over. */
export function additiveSlice(run: StoredRun, block: BlockKind, layerIndex: number): AdditiveSlice {
  const layer = layerOf(run, block, layerIndex);
  return {
    q: tensorOf(layer, "additiveQuery"),
    k: tensorOf(layer, "additiveKey"),
    v: tensorOf(layer, "additiveVector").data,
  };
}
