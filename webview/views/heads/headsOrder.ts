import type { HeadStatistics } from "../../../src/protocol/slices";

/** One head and its value of the statistic by which heads are ordered. */
export interface RankedHead {
  readonly layer: number;
  readonly head: number;
  readonly value: number;
}

/** Largest first; NaN last; equal values stay in the order of layer and head. */
export function rankHeads(statistics: readonly HeadStatistics[], name: string): RankedHead[] {
  return statistics
    .map(({ address: { layer, head }, values }) => ({ layer, head, value: values[name] ?? NaN }))
    .sort((a, b) => (Number.isNaN(a.value) ? 1 : Number.isNaN(b.value) ? -1 : b.value - a.value));
}

/** Names of the statistics there are, in the order in which they came. */
export function statisticNames(statistics: readonly HeadStatistics[] | undefined): string[] {
  return [...new Set(statistics?.flatMap(({ values }) => Object.keys(values)) ?? [])];
}

/** The value at `share` 0..1 between the smallest and the largest: what a filter asks for. */
export function thresholdOf(ranked: readonly RankedHead[], share: number): number {
  const values = ranked.map(({ value }) => value).filter(Number.isFinite);
  const low = Math.min(...values);
  const high = Math.max(...values);
  return values.length && share > 0 ? low + (high - low) * share : -Infinity;
}
