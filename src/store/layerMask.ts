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

/** Queries of a layer, half open. */
export interface QueryRange {
  readonly queryStart: number;
  readonly queryEnd: number;
}

/**
 * Which keys each query may see: as the weights show, holes filled by the mask's kind.
 * [nQueries, nKeys], or [queryEnd - queryStart, nKeys] of a range.
 */
export function visibleKeys(weights: Tensor, { kind }: MaskSummary, range?: QueryRange): Uint8Array {
  const { nQueries, nKeys, visible } = seenBySomeHead(weights, range);
  if (kind !== "causal") return visible;
  const queryStart = range?.queryStart ?? 0;
  const queryEnd = range?.queryEnd ?? nQueries;
  for (let query = queryStart; query < queryEnd; query++) {
    const row = visible.subarray((query - queryStart) * nKeys, (query - queryStart + 1) * nKeys);
    if (row.includes(1)) row.fill(1, 0, query + nKeys - nQueries + 1);
  }
  return visible;
}

/** 1 where some head gave the key a weight; `visible` holds the range only. */
function seenBySomeHead(weights: Tensor, range?: QueryRange): Visibility {
  const [nHeads = 0, nQueries = 0, nKeys = 0] = weights.dims;
  const size = nQueries * nKeys;
  const first = (range?.queryStart ?? 0) * nKeys;
  const end = (range?.queryEnd ?? nQueries) * nKeys;
  if (isHeadwise(weights)) {
    const all = new Uint8Array(size);
    weights.markSeen(all);
    return { nQueries, nKeys, visible: range ? all.slice(first, end) : all };
  }
  const visible = new Uint8Array(end - first);
  const { data } = weights;
  for (let cell = first; cell < end; cell++) {
    for (let at = cell; at < nHeads * size; at += size) {
      if (data[at] !== 0) {
        visible[cell - first] = 1;
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
