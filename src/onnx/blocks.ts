import type { BlockKind } from "../core/run";
import type { FoundAttention } from "./attention";
import type { Scope, Value } from "./dataflow";
import { FORGET_CONTENT } from "./origins";
import type { Known } from "./known";

/** Attention with its place: which block it belongs to, and its number there. */
export interface Placed {
  readonly attention: FoundAttention;
  /** The same layer in the other branches of an If. */
  readonly others: FoundAttention[];
  readonly block: BlockKind;
  readonly layer: number;
}

type Counts = Record<BlockKind, number>;

/**
 * Cross-attention has queries from content that its keys know nothing of. What comes before the keys of a
 * cross-attention is the encoder. Without any, a part of a graph is a decoder where its attention is causal; parts are
 * what shares no input (the text and the image side of CLIP).
 */
export function placeInBlocks(
  found: readonly FoundAttention[],
  known: Known,
  isCausal: (attention: FoundAttention) => boolean,
): Placed[] {
  const inOrder = [...found].sort((a, b) => orderOf(a) - orderOf(b));
  const isCross = new Map(inOrder.map((attention) => [attention, crosses(attention, known)]));
  const encoders = beforeKeys(inOrder.filter((attention) => isCross.get(attention)));
  const kinds = new Map<FoundAttention, BlockKind>();
  for (const part of partsOf(inOrder, known)) {
    const hasCross = part.some((attention) => isCross.get(attention));
    const causal = part.some(isCausal);
    for (const attention of part) {
      const isEncoder = hasCross ? encoders.has(attention.op.order) : !causal;
      kinds.set(attention, isCross.get(attention) ? "cross" : isEncoder ? "encoder" : "decoder");
    }
  }
  const counts = new Map<Scope | undefined, Counts>();
  const placed: Placed[] = [];
  for (const attention of inOrder) {
    const block = kinds.get(attention) ?? "encoder";
    const branch = branchOf(attention.op.scope);
    const count = countsIn(counts, branch);
    const layer = count[block]++;
    const twin = branch && placed.find((one) => isTwin(one, attention, block, layer));
    if (twin) twin.others.push(attention);
    else placed.push({ attention, others: [], block, layer });
  }
  return placed;
}

/** Groups of attentions that content of the same inputs goes into. */
function partsOf(found: readonly FoundAttention[], { origins }: Known): FoundAttention[][] {
  let parts: { inputs: bigint; members: FoundAttention[] }[] = [];
  for (const attention of found) {
    const inputs = origins.inputsOf(attention.queriesFrom) | origins.inputsOf(attention.keysFrom);
    const joined = parts.filter((part) => (part.inputs & inputs) !== 0n || part.inputs === inputs);
    const own = { inputs, members: [attention] };
    for (const part of joined) {
      own.inputs |= part.inputs;
      own.members.unshift(...part.members);
    }
    parts = [...parts.filter((part) => !joined.includes(part)), own];
  }
  return parts.map((part) => part.members);
}

/** A branch goes on counting where the graph around it stands. */
function countsIn(counts: Map<Scope | undefined, Counts>, branch: Scope | undefined): Counts {
  const outside = branch?.parent && countsIn(counts, branchOf(branch.parent));
  const known = counts.get(branch) ?? { encoder: 0, decoder: 0, cross: 0, ...outside };
  counts.set(branch, known);
  return known;
}

function branchOf(scope: Scope): Scope | undefined {
  for (let at: Scope | undefined = scope; at; at = at.parent) if (at.kind === "branch") return at;
  return undefined;
}

function isTwin(one: Placed, other: FoundAttention, block: BlockKind, layer: number): boolean {
  const [mine, its] = [branchOf(one.attention.op.scope), branchOf(other.op.scope)];
  return (
    one.block === block &&
    one.layer === layer &&
    mine !== its &&
    mine?.container === its?.container &&
    one.attention.weights.axes.join() === other.weights.axes.join()
  );
}

function orderOf(attention: FoundAttention): number {
  return attention.op.order;
}

function crosses({ queriesFrom, keysFrom }: FoundAttention, { origins }: Known): boolean {
  const queries = origins.inputsOf(queriesFrom);
  const keys = origins.inputsOf(keysFrom);
  return queries === 0n ? keys !== 0n : (queries & ~keys) !== 0n;
}

/** Orders of all operations whose results go into the keys of one of these. */
function beforeKeys(attentions: readonly FoundAttention[]): Set<number> {
  const orders = new Set<number>();
  const open: Value[] = attentions.map(({ keysFrom }) => keysFrom);
  const seen = new Set<Value>(open);
  for (let value = open.pop(); value; value = open.pop()) {
    if (value.producer) orders.add(value.producer.order);
    const inputs =
      value.producer && FORGET_CONTENT.has(value.producer.node.opType) ? [] : value.producer?.inputs;
    for (const before of [...(inputs ?? []), ...value.inner]) {
      if (before && !seen.has(before)) {
        seen.add(before);
        open.push(before);
      }
    }
  }
  return orders;
}
