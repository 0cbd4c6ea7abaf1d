import type { MergeTable } from "./mergeTable";

/** The symbols of one piece, in order, before and after merging. */
export interface Symbols {
  readonly ids: number[];
  readonly starts: number[];
  readonly ends: number[];
}

/** Up to this many symbols a plain search for the lowest rank is faster than a heap. */
const FEW = 24;

/** Merges neighbours by rank, lowest first and leftmost among equals, until none is left (byte-pair encoding). */
export function mergeSymbols(symbols: Symbols, merges: MergeTable): Symbols {
  if (symbols.ids.length < 2) return symbols;
  return symbols.ids.length <= FEW ? mergeFew(symbols, merges) : mergeMany(symbols, merges);
}

function mergeFew({ ids, starts, ends }: Symbols, merges: MergeTable): Symbols {
  const slots: number[] = [];
  for (let i = 0; i + 1 < ids.length; i++) slots.push(merges.find(ids[i]!, ids[i + 1]!));
  for (;;) {
    let best = -1;
    let bestRank = Infinity;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      if (slot >= 0 && merges.rankAt(slot) < bestRank) {
        best = i;
        bestRank = merges.rankAt(slot);
      }
    }
    if (best < 0) return { ids, starts, ends };
    ids[best] = merges.mergedAt(slots[best]!);
    ends[best] = ends[best + 1]!;
    ids.splice(best + 1, 1);
    starts.splice(best + 1, 1);
    ends.splice(best + 1, 1);
    slots.splice(best, 1);
    if (best > 0) slots[best - 1] = merges.find(ids[best - 1]!, ids[best]!);
    if (best + 1 < ids.length) slots[best] = merges.find(ids[best]!, ids[best + 1]!);
  }
}

function mergeMany(symbols: Symbols, merges: MergeTable): Symbols {
  const n = symbols.ids.length;
  const ids = Int32Array.from(symbols.ids);
  const next = Int32Array.from({ length: n }, (_, i) => (i + 1 < n ? i + 1 : -1));
  const previous = Int32Array.from({ length: n }, (_, i) => i - 1);
  const removed = new Uint8Array(n);
  const lastSymbol = Int32Array.from({ length: n }, (_, i) => i);
  const heap = new MinHeap(n);
  const offer = (left: number, right: number) => {
    const slot = merges.find(ids[left]!, ids[right]!);
    if (slot >= 0) heap.push(merges.rankAt(slot) * n + left);
  };
  for (let i = 0; i + 1 < n; i++) offer(i, i + 1);
  for (let key = heap.pop(); key >= 0; key = heap.pop()) {
    const rank = Math.floor(key / n);
    const left = key - rank * n;
    const right = next[left]!;
    if (removed[left] || right < 0) continue;
    const slot = merges.find(ids[left]!, ids[right]!);
    if (slot < 0 || merges.rankAt(slot) !== rank) continue;
    ids[left] = merges.mergedAt(slot);
    lastSymbol[left] = lastSymbol[right]!;
    removed[right] = 1;
    next[left] = next[right]!;
    if (next[left]! >= 0) {
      previous[next[left]!] = left;
      offer(left, next[left]!);
    }
    if (previous[left]! >= 0) offer(previous[left]!, left);
  }
  const result: Symbols = { ids: [], starts: [], ends: [] };
  for (let i = 0; i >= 0; i = next[i]!) {
    result.ids.push(ids[i]!);
    result.starts.push(symbols.starts[i]!);
    result.ends.push(symbols.ends[lastSymbol[i]!]!);
  }
  return result;
}

/** A binary heap of numbers, smallest first. */
class MinHeap {
  private values: Float64Array;
  private size = 0;

  constructor(capacity: number) {
    this.values = new Float64Array(capacity);
  }

  push(value: number): void {
    if (this.size === this.values.length) {
      const larger = new Float64Array(2 * this.size);
      larger.set(this.values);
      this.values = larger;
    }
    const { values } = this;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (values[parent]! <= value) break;
      values[at] = values[parent]!;
      at = parent;
    }
    values[at] = value;
  }

  /** -1 when empty. */
  pop(): number {
    if (this.size === 0) return -1;
    const { values } = this;
    const top = values[0]!;
    const value = values[--this.size]!;
    let at = 0;
    for (let child = 1; child < this.size; child = 2 * at + 1) {
      if (child + 1 < this.size && values[child + 1]! < values[child]!) child++;
      if (values[child]! >= value) break;
      values[at] = values[child]!;
      at = child;
    }
    values[at] = value;
    return top;
  }
}
