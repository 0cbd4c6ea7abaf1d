import type { HeadAddress } from "../run";
import type { Tensor } from "../tensor";
import { divergencePerQuery, summariseDivergence } from "./divergence";

/** A head and how far its weights are from another's: the mean Jensen-Shannon divergence per query, 0 to 1 bit. */
export interface SimilarHead {
  readonly address: HeadAddress;
  readonly divergence: number;
}

/** The heads in order of distance from `head`, nearest first; those that cannot be compared (NaN) are left out. */
export function nearestHeads(
  head: Tensor,
  others: Iterable<{ readonly address: HeadAddress; readonly weights: Tensor }>,
): SimilarHead[] {
  const found: SimilarHead[] = [];
  for (const { address, weights } of others) {
    const { mean } = summariseDivergence(divergencePerQuery(head, weights));
    if (!Number.isNaN(mean)) found.push({ address, divergence: mean });
  }
  return found.sort((a, b) => a.divergence - b.divergence);
}
