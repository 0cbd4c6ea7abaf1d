import type { MaskSummary } from "./run";

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
  return reach && ((query, key) => key >= query - reach.back && key <= query + reach.ahead);
}

/** Whether some query of [queryStart, queryEnd) sees some key of [keyStart, keyEnd). */
export type BlockRule = (queryStart: number, queryEnd: number, keyStart: number, keyEnd: number) => boolean;

/** The same rule for blocks of cells, as pooled pictures need it: one test a block, however many cells it holds. */
export function blockRule(mask: MaskSummary): BlockRule | undefined {
  const reach = reachOf(mask);
  return (
    reach &&
    ((queryStart, queryEnd, keyStart, keyEnd) =>
      keyStart <= queryEnd - 1 + reach.ahead && keyEnd - 1 >= queryStart - reach.back)
  );
}
