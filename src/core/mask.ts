import type { MaskSummary } from "./run";
import type { Tensor } from "./tensor";

/** Which keys each query may see: [nQueries, nKeys], row-major, 1 where visible, else 0. */
export interface Visibility {
  readonly nQueries: number;
  readonly nKeys: number;
  readonly visible: Uint8Array;
}

/**
 * At or below this a score counts as masked. Models mask with -inf, the lowest float32 or float16 (-65,504),
 * -1e9 or, in BERT's first code, -10,000 added to the score; scores themselves stay far above.
 */
export const MASKED_SCORE = -9_000;

/**
 * Reads the mask off a head of a run: masked where the score before softmax is at a masking value, or where the
 * weight is exactly 0 although its score alone could not have made it vanish (scores captured before the mask).
 * Both tensors are [nQueries, nKeys]; with weights alone, whatever is not 0 is visible.
 */
export function visibilityOf(scores: Tensor | undefined, weights: Tensor | undefined): Visibility {
  const dims = (scores ?? weights)?.dims ?? [0, 0];
  const [nQueries = 0, nKeys = 0] = dims;
  const visible = new Uint8Array(nQueries * nKeys);
  for (let query = 0; query < nQueries; query++) {
    const start = query * nKeys;
    let largest = -Infinity;
    if (scores) {
      for (let i = start; i < start + nKeys; i++) largest = Math.max(largest, scores.data[i]!);
    }
    for (let i = start; i < start + nKeys; i++) {
      visible[i] = isVisible(scores?.data[i], weights?.data[i], largest) ? 1 : 0;
    }
  }
  return { nQueries, nKeys, visible };
}

/** exp underflows to 0 in float32 below about -103; a weight of 0 well above that was masked. */
const CANNOT_UNDERFLOW = -80;

function isVisible(score: number | undefined, weight: number | undefined, largest: number): boolean {
  if (score === undefined) return weight !== 0;
  if (score <= MASKED_SCORE) return false;
  return !(weight === 0 && score - largest > CANNOT_UNDERFLOW);
}

/** A mask in words and numbers. Rules are tried from the simplest; the first that gives every cell is the answer. */
export interface MaskClass extends MaskSummary {
  /** Keys that no query sees though the rule would allow it (padding), ascending. */
  readonly hiddenKeys: readonly number[];
  /** Of a block mask: first token of each block, ascending, from 0. */
  readonly blockStarts?: readonly number[];
  /** Whether a query sees no key after itself. */
  readonly causal: boolean;
}

/**
 * Recognises a mask. With fewer queries than keys the queries are the last tokens (as with cached keys).
 * Keys hidden from everyone and queries at hidden places are left aside, so padding combines with any rule:
 * `kind` is then the rule's, or "padding" where everything else is visible.
 */
export function classifyMask(mask: Visibility): MaskClass {
  const { nQueries, nKeys, visible } = mask;
  const offset = Math.max(0, nKeys - nQueries);
  const hidden = hiddenKeys(mask);
  const isHidden = new Uint8Array(nKeys);
  for (const key of hidden) isHidden[key] = 1;
  const square = nQueries <= nKeys;
  const follows = (allows: (position: number, key: number) => boolean): boolean => {
    for (let query = 0; query < nQueries; query++) {
      const position = query + offset;
      if (square && isHidden[position]) continue;
      for (let key = 0; key < nKeys; key++) {
        if (isHidden[key]) continue;
        if ((visible[query * nKeys + key] === 1) !== allows(position, key)) return false;
      }
    }
    return true;
  };
  const hiddenByRule = { hiddenKeys: hidden };

  if (hidden.length === nKeys) return { kind: nKeys ? "other" : "none", causal: false, ...hiddenByRule };
  if (follows(() => true)) {
    return { kind: hidden.length ? "padding" : "none", causal: false, ...hiddenByRule };
  }
  if (!square) return { kind: "other", causal: false, ...hiddenByRule };
  if (follows((position, key) => key <= position)) return { kind: "causal", causal: true, ...hiddenByRule };

  const reach = reachOf(mask, offset, isHidden);
  if (follows((position, key) => key >= position - reach.back && key <= position + reach.ahead)) {
    return {
      kind: "sliding",
      window: reach.back + reach.ahead + 1,
      reach,
      causal: reach.ahead === 0,
      ...hiddenByRule,
    };
  }
  const blockStarts = blocksOf(mask, offset);
  const blockAt = new Int32Array(nKeys);
  let block = -1;
  for (let key = 0; key < nKeys; key++) {
    if (blockStarts[block + 1] === key) block++;
    blockAt[key] = block;
  }
  if (follows((position, key) => blockAt[position] === blockAt[key])) {
    return { kind: "block", blockStarts, causal: false, ...hiddenByRule };
  }
  if (follows((position, key) => blockAt[position] === blockAt[key] && key <= position)) {
    return { kind: "block", blockStarts, causal: true, ...hiddenByRule };
  }
  return { kind: "other", causal: seesNothingAhead(mask, offset), ...hiddenByRule };
}

/** How many keys each query may see: [nQueries]. */
export function keysPerQuery(mask: Visibility): Uint32Array {
  const counts = new Uint32Array(mask.nQueries);
  for (let query = 0; query < mask.nQueries; query++) {
    let count = 0;
    for (let key = 0; key < mask.nKeys; key++) count += mask.visible[query * mask.nKeys + key]!;
    counts[query] = count;
  }
  return counts;
}

function hiddenKeys({ nQueries, nKeys, visible }: Visibility): number[] {
  const seen = new Uint8Array(nKeys);
  for (let query = 0; query < nQueries; query++) {
    for (let key = 0; key < nKeys; key++) seen[key]! |= visible[query * nKeys + key]!;
  }
  const hidden: number[] = [];
  for (let key = 0; key < nKeys; key++) if (!seen[key]) hidden.push(key);
  return hidden;
}

function reachOf({ nQueries, nKeys, visible }: Visibility, offset: number, isHidden: Uint8Array) {
  let back = 0;
  let ahead = 0;
  for (let query = 0; query < nQueries; query++) {
    if (isHidden[query + offset]) continue;
    for (let key = 0; key < nKeys; key++) {
      if (!visible[query * nKeys + key]) continue;
      back = Math.max(back, query + offset - key);
      ahead = Math.max(ahead, key - query - offset);
    }
  }
  return { back, ahead };
}

/** A block starts wherever a token does not see the one before it. */
function blocksOf({ nQueries, nKeys, visible }: Visibility, offset: number): number[] {
  const starts = [0];
  for (let key = Math.max(1, offset + 1); key < nKeys; key++) {
    const query = key - offset;
    if (query < nQueries && !visible[query * nKeys + key - 1]) starts.push(key);
  }
  return starts;
}

function seesNothingAhead({ nQueries, nKeys, visible }: Visibility, offset: number): boolean {
  for (let query = 0; query < nQueries; query++) {
    for (let key = query + offset + 1; key < nKeys; key++) if (visible[query * nKeys + key]) return false;
  }
  return true;
}
