import type { MaskSummary, RunWindow } from "./run";
import { windowAt } from "./windows";

/** How far a query sees back and ahead of itself. */
interface Reach {
  readonly back: number;
  readonly ahead: number;
}

function reachOf({ kind, window, reach }: MaskSummary): Reach | undefined {
  if (kind === "none") return { back: Infinity, ahead: Infinity };
  if (kind === "causal") return { back: Infinity, ahead: 0 };
  if (kind !== "sliding") return undefined;
  return reach ?? (window === undefined ? undefined : { back: window - 1, ahead: 0 });
}

/**
 * Which keys a query sees under a mask that its summary describes fully; undefined for masks that have to be
 * read cell by cell. `query` and `key` are positions in the run.
 */
export function maskRule(mask: MaskSummary): ((query: number, key: number) => boolean) | undefined {
  const reach = reachOf(mask);
  if (!reach) return undefined;
  const { windows } = mask;
  const isInReach = (query: number, key: number) => key >= query - reach.back && key <= query + reach.ahead;
  if (!windows) return isInReach;
  return (query, key) => {
    const window = windowAt(windows, query);
    return window !== undefined && key >= window.start && key < window.end && isInReach(query, key);
  };
}

/** Whether some query of [queryStart, queryEnd) sees some key of [keyStart, keyEnd). */
export type BlockRule = (queryStart: number, queryEnd: number, keyStart: number, keyEnd: number) => boolean;

/** The same rule for blocks of cells, as pooled pictures need it: one test a block, however many cells it holds. */
export function blockRule(mask: MaskSummary): BlockRule | undefined {
  const reach = reachOf(mask);
  if (!reach) return undefined;
  const isInReach: BlockRule = (queryStart, queryEnd, keyStart, keyEnd) =>
    keyStart <= queryEnd - 1 + reach.ahead && keyEnd - 1 >= queryStart - reach.back;
  return mask.windows ? inWindows(mask.windows, isInReach) : isInReach;
}

/** Whether some cell of a block was computed, whatever mask hides it: those of a text in windows that no window holds were not. */
export function computedRule(windows: readonly RunWindow[]): BlockRule {
  return inWindows(windows, () => true);
}

/** A block is seen where a part of it lies in a window and is seen there. */
function inWindows(windows: readonly RunWindow[], rule: BlockRule): BlockRule {
  return (queryStart, queryEnd, keyStart, keyEnd) =>
    windows.some((window) => {
      const queries = [Math.max(queryStart, window.queryStart), Math.min(queryEnd, window.queryEnd)] as const;
      const keys = [Math.max(keyStart, window.start), Math.min(keyEnd, window.end)] as const;
      return queries[0] < queries[1] && keys[0] < keys[1] && rule(...queries, ...keys);
    });
}
