import { bitsOf, log2OfBits } from "../log2Table";
import type { HeadAddress } from "../run";
import type { Tensor } from "../tensor";

/** A head and how far its weights are from another's: the mean Jensen-Shannon divergence per query, 0 to 1 bit. */
export interface SimilarHead {
  readonly address: HeadAddress;
  readonly divergence: number;
}

/** Of a head's weights [nQueries, nKeys], what every comparison needs of each row. */
export interface RowSums {
  /** Sum of each row, and the entropy in bits of the row scaled to sum to 1; 0 where it is empty. */
  readonly sums: Float64Array;
  readonly entropies: Float64Array;
}

export interface HeadRows extends RowSums {
  readonly address: HeadAddress;
  readonly weights: Tensor;
}

export function rowSums(weights: Tensor): RowSums {
  const [nQueries = 0, nKeys = 0] = weights.dims;
  const { data } = weights;
  const bits = bitsOf(data);
  const sums = new Float64Array(nQueries);
  const entropies = new Float64Array(nQueries);
  for (let query = 0; query < nQueries; query++) {
    let sum = 0;
    let products = 0;
    for (let at = query * nKeys; at < (query + 1) * nKeys; at++) {
      const weight = data[at]!;
      if (weight === 0) continue;
      sum += weight;
      products += weight * log2OfBits(bits[at]!);
    }
    sums[query] = sum;
    entropies[query] = sum === 0 ? 0 : Math.log2(sum) - products / sum;
  }
  return { sums, entropies };
}

/** The heads in order of distance from `head`, nearest first; those that cannot be compared (NaN) are left out. */
export function nearestHeads(head: HeadRows, others: Iterable<HeadRows>): SimilarHead[] {
  const found: SimilarHead[] = [];
  for (const other of others) {
    const divergence = meanDivergence(head, other);
    if (!Number.isNaN(divergence)) found.push({ address: other.address, divergence });
  }
  return found.sort((a, b) => a.divergence - b.divergence);
}

/**
 * Mean over the queries of the Jensen-Shannon divergence as the entropy of the mean row less the mean of both rows'
 * entropies (Lin 1991, eq. 4.1), which takes one logarithm for each pair of weights. Off by at most 1e-6 bit against
 * `divergencePerQuery`, whose rules for empty rows it shares; rows with NaN are left out.
 */
function meanDivergence(p: HeadRows, q: HeadRows): number {
  const [nQueries = 0, nKeys = 0] = p.weights.dims;
  const mean = new Float32Array(nKeys);
  const bits = bitsOf(mean);
  let total = 0;
  let count = 0;
  for (let query = 0; query < nQueries; query++) {
    const [sumP, sumQ] = [p.sums[query]!, q.sums[query]!];
    let divergence = sumP === sumQ ? 0 : 1;
    if (sumP !== 0 && sumQ !== 0) {
      const entropy = meanRowEntropy(
        p.weights.data,
        q.weights.data,
        query * nKeys,
        0.5 / sumP,
        0.5 / sumQ,
        mean,
        bits,
      );
      divergence = entropy - (p.entropies[query]! + q.entropies[query]!) / 2;
    }
    if (Number.isNaN(divergence)) continue;
    total += Math.min(1, Math.max(0, divergence));
    count++;
  }
  return count > 0 ? total / count : NaN;
}

/** Entropy in bits of p * scaleP + q * scaleQ over one row. `mean` and `bits` are the same bytes, to work in. */
function meanRowEntropy(
  p: Float32Array,
  q: Float32Array,
  start: number,
  scaleP: number,
  scaleQ: number,
  mean: Float32Array,
  bits: Uint32Array,
): number {
  const nKeys = mean.length;
  for (let key = 0; key < nKeys; key++) mean[key] = p[start + key]! * scaleP + q[start + key]! * scaleQ;
  let entropy = 0;
  for (let key = 0; key < nKeys; key++) {
    const weight = mean[key]!;
    if (weight === 0) continue;
    entropy -= weight * log2OfBits(bits[key]!);
  }
  return entropy;
}
