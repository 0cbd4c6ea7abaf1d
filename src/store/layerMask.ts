import { classifyMask, type Visibility } from "../core/mask";
import type { MaskSummary } from "../core/run";
import type { Tensor } from "../core/tensor";
import { isHeadwise } from "./headwise";

/** A mask with at most this share of holes below the diagonal still counts as causal. */
const HOLES = 0.1;

/**
 * The kind of mask that a layer's weights [nHeads, nQueries, nKeys] show. A weight that vanished in every head
 * (its score lies about 88 below the row's largest in float32, 17 in float16) looks masked; a causal mask with
 * few such holes is still called causal.
 */
export function maskOf(weights: Tensor, isSelfAttention: boolean): MaskSummary {
  const mask = seenBySomeHead(weights);
  if (mask.visible.length === 0 || (isSelfAttention && mask.nQueries === 1 && mask.nKeys === 1)) {
    return { kind: "unknown" };
  }
  const { kind, window, causal } = classifyMask(mask);
  if (!isSelfAttention && (kind === "causal" || kind === "sliding")) return { kind: "other" };
  if (kind === "other" && causal && holesBelowDiagonal(mask) <= HOLES) return { kind: "causal" };
  return window === undefined ? { kind } : { kind, window };
}

/** Which keys each query may see, [nQueries, nKeys]: as the weights show, holes filled by the mask's kind. */
export function visibleKeys(weights: Tensor, { kind }: MaskSummary): Uint8Array {
  const { nQueries, nKeys, visible } = seenBySomeHead(weights);
  if (kind !== "causal") return visible;
  for (let query = 0; query < nQueries; query++) {
    const row = visible.subarray(query * nKeys, (query + 1) * nKeys);
    if (row.includes(1)) row.fill(1, 0, query + nKeys - nQueries + 1);
  }
  return visible;
}

/** 1 where some head gave the key a weight. */
function seenBySomeHead(weights: Tensor): Visibility {
  const [nHeads = 0, nQueries = 0, nKeys = 0] = weights.dims;
  const size = nQueries * nKeys;
  const visible = new Uint8Array(size);
  if (isHeadwise(weights)) {
    weights.markSeen(visible);
    return { nQueries, nKeys, visible };
  }
  const { data } = weights;
  for (let cell = 0; cell < size; cell++) {
    for (let at = cell; at < nHeads * size; at += size) {
      if (data[at] !== 0) {
        visible[cell] = 1;
        break;
      }
    }
  }
  return { nQueries, nKeys, visible };
}

function holesBelowDiagonal({ nQueries, nKeys, visible }: Visibility): number {
  const offset = nKeys - nQueries;
  let holes = 0;
  let cells = 0;
  for (let query = 0; query < nQueries; query++) {
    for (let key = 0; key <= query + offset; key++, cells++) if (!visible[query * nKeys + key]) holes++;
  }
  return cells === 0 ? 0 : holes / cells;
}
