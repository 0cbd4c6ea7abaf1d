import type { BlockKind } from "../core/run";
import type { FoundAttention } from "./attention";
import type { Value } from "./dataflow";
import type { Known } from "./findAttention";

/** Attention with its place: which block it belongs to, and its number there. */
export interface Placed {
  readonly attention: FoundAttention;
  readonly block: BlockKind;
  readonly layer: number;
}

/**
 * Cross-attention has queries from content that its keys know nothing of. What comes before the keys of a
 * cross-attention is the encoder. Without any, a graph is a decoder where its attention is causal.
 */
export function placeInBlocks(found: readonly FoundAttention[], known: Known, isCausal: boolean): Placed[] {
  const inOrder = [...found].sort((a, b) => orderOf(a) - orderOf(b));
  const isCross = new Map(inOrder.map((attention) => [attention, crosses(attention, known)]));
  const encoders = beforeKeys(inOrder.filter((attention) => isCross.get(attention)));
  const hasCross = [...isCross.values()].includes(true);
  const counts = { encoder: 0, decoder: 0, cross: 0 };
  return inOrder.map((attention) => {
    const block = isCross.get(attention)
      ? "cross"
      : hasCross
        ? encoders.has(attention.op.order)
          ? "encoder"
          : "decoder"
        : isCausal
          ? "decoder"
          : "encoder";
    return { attention, block, layer: counts[block]++ };
  });
}

function orderOf(attention: FoundAttention): number {
  return attention.op.order;
}

function crosses({ q, k }: FoundAttention, { origins }: Known): boolean {
  if (!q || !k) return false;
  const queries = origins.inputsOf(q.value);
  const keys = origins.inputsOf(k.value);
  return queries === 0n ? keys !== 0n : (queries & ~keys) !== 0n;
}

/** Orders of all operations whose results go into the keys of one of these. */
function beforeKeys(attentions: readonly FoundAttention[]): Set<number> {
  const orders = new Set<number>();
  const open: Value[] = attentions.flatMap(({ k }) => (k ? [k.value] : []));
  const seen = new Set<Value>(open);
  for (let value = open.pop(); value; value = open.pop()) {
    if (value.producer) orders.add(value.producer.order);
    for (const before of [...(value.producer?.inputs ?? []), ...value.inner]) {
      if (before && !seen.has(before)) {
        seen.add(before);
        open.push(before);
      }
    }
  }
  return orders;
}
