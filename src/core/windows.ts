import type { RunWindow } from "./run";

/** Most tokens of a text that is run in windows: views draw one head as a whole, 67 MB of float32 at this length. */
export const MOST_WINDOWED_TOKENS = 4096;

/** How a text is cut: into windows of at most `length` tokens, special tokens of each window included. */
export interface WindowCut {
  readonly nTokens: number;
  /** Most tokens that the model reads at once. */
  readonly length: number;
  /** Special tokens that every window begins and ends with; in the whole text they are there once. */
  readonly nBefore: number;
  readonly nAfter: number;
  /** Whether a query sees nothing after itself. */
  readonly isCausal: boolean;
}

/**
 * Windows that overlap by half, so that every query has at least half a window of what it may see, but at the ends of
 * the text. A query that lies in two windows belongs to the one that shows it more: in a causal model the earlier one,
 * else the one whose middle is nearer.
 */
export function windowsOf(cut: WindowCut): RunWindow[] {
  const { nTokens, nBefore, nAfter, isCausal } = cut;
  const body = nTokens - nBefore - nAfter;
  const size = Math.max(1, cut.length - nBefore - nAfter);
  const stride = Math.max(1, Math.ceil(size / 2));
  const starts = [0];
  while (starts.at(-1)! + size < body) starts.push(Math.min(starts.at(-1)! + stride, body - size));
  const ranges = starts.map((start, i) => ({
    start: i === 0 ? 0 : nBefore + start,
    end: i === starts.length - 1 ? nTokens : nBefore + start + size,
  }));
  const firstQueries = ranges.map(({ start }, i) => {
    const before = ranges[i - 1];
    if (!before) return 0;
    return isCausal ? before.end : Math.floor((before.end + start) / 2);
  });
  return ranges.map(({ start, end }, i) => ({
    start,
    end,
    queryStart: firstQueries[i]!,
    queryEnd: firstQueries[i + 1] ?? nTokens,
  }));
}

/** The window that a query belongs to. */
export function windowAt(windows: readonly RunWindow[], query: number): RunWindow | undefined {
  return windows.find(({ queryStart, queryEnd }) => query >= queryStart && query < queryEnd);
}
