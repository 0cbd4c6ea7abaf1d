import { weightOverDistance } from "../core/positions/distance";
import type { BlockKind } from "../core/run";
import type { DistanceSlice } from "../protocol/positions";
import { headOf, layersOf, tensorOf } from "./heads";
import { visibleKeys } from "./layerMask";
import type { StoredRun } from "./storedRun";

const known = new WeakMap<StoredRun, Map<BlockKind, DistanceSlice>>();

/**
 * Mean weight over distance of every head of a block, computed once (144 heads x 512 tokens: about 0.1 s).
 * Distances that no mask lets a query see (all that is ahead, in a causal block) are left out at the ends.
 */
export function distanceSlice(run: StoredRun, block: BlockKind): DistanceSlice {
  const kept = known.get(run) ?? new Map<BlockKind, DistanceSlice>();
  known.set(run, kept);
  const found = kept.get(block) ?? computeDistances(run, block);
  kept.set(block, found);
  return found;
}

function computeDistances(run: StoredRun, block: BlockKind): DistanceSlice {
  const layers = layersOf(run, block).filter(({ tensors }) => tensors.has("weights"));
  const profiles = layers.flatMap((layer) => {
    const { nHeads, nQueries, nKeys, mask } = layer.info;
    const weights = tensorOf(layer, "weights");
    const visibility = { nQueries, nKeys, visible: visibleKeys(weights, mask) };
    return Array.from({ length: nHeads }, (_, head) =>
      weightOverDistance({ dims: [nQueries, nKeys], data: headOf(weights, head) }, visibility),
    );
  });
  let first = Infinity;
  let last = -Infinity;
  for (const { firstDistance, count } of profiles) {
    count.forEach((pairs, i) => {
      if (pairs === 0) return;
      first = Math.min(first, firstDistance + i);
      last = Math.max(last, firstDistance + i);
    });
  }
  const nDistances = last >= first ? last - first + 1 : 0;
  const mean = new Float32Array(profiles.length * nDistances).fill(NaN);
  profiles.forEach((profile, row) => {
    profile.mean.forEach((value, i) => {
      const place = profile.firstDistance + i - first;
      if (place >= 0 && place < nDistances) mean[row * nDistances + place] = value;
    });
  });
  return {
    layers: layers.map(({ info }) => ({ layer: info.layer, nHeads: info.nHeads })),
    firstDistance: nDistances ? first : 0,
    nDistances,
    mean,
  };
}
