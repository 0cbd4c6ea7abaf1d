import type { Tensor } from "../../../src/core/tensor";
import { quantise, type Cells } from "../../../src/paint/heatmap";
import { weightScale } from "../../../src/paint/scale";

/** A head's own q and k through softmax with one factor: the weights, and how spread they are. */
export interface ScoredHead {
  /** [nQueries, nKeys]. */
  readonly weights: Tensor;
  readonly cells: Cells;
  /** Means over the queries that see a key. */
  readonly entropyBits: number;
  readonly largestWeight: number;
}

/**
 * softmax(factor · QKᵀ + mask) of this run's q [nQueries, dKey] and k [nKeys, dKey], without and with 1/√d_k. Row by row
 * and visible keys only: 512 x 512 took a third of what whole matrices did.
 */
export function bothWays(
  q: Tensor,
  k: Tensor,
  visible: (query: number, key: number) => boolean,
): { plain: ScoredHead; scaled: ScoredHead } {
  const [nQueries = 0, d = 1] = q.dims;
  const nKeys = k.dims[0] ?? 0;
  const ways = [1, 1 / Math.sqrt(d)].map((factor) => ({
    factor,
    data: new Float32Array(nQueries * nKeys),
    entropy: 0,
    largest: 0,
  }));
  const isVisible = new Uint8Array(nQueries * nKeys);
  const keys = new Uint32Array(nKeys);
  const products = new Float64Array(nKeys);
  let nSeeing = 0;
  for (let query = 0; query < nQueries; query++) {
    let nSeen = 0;
    let most = -Infinity;
    for (let key = 0; key < nKeys; key++) {
      if (!visible(query, key)) continue;
      isVisible[query * nKeys + key] = 1;
      let product = 0;
      for (let i = 0; i < d; i++) product += q.data[query * d + i]! * k.data[key * d + i]!;
      keys[nSeen] = key;
      products[nSeen++] = product;
      if (product > most) most = product;
    }
    if (nSeen === 0) continue;
    nSeeing++;
    for (const way of ways) {
      const row = way.data.subarray(query * nKeys, (query + 1) * nKeys);
      let sum = 0;
      for (let i = 0; i < nSeen; i++) {
        const share = Math.exp(way.factor * (products[i]! - most));
        row[keys[i]!] = share;
        sum += share;
      }
      // H = ln Σ e^s - Σ w s, with s relative to the largest score.
      let mean = 0;
      for (let i = 0; i < nSeen; i++) {
        const weight = (row[keys[i]!] = row[keys[i]!]! / sum);
        if (weight > 0) mean += weight * way.factor * (products[i]! - most);
      }
      way.entropy += (Math.log(sum) - mean) / Math.LN2;
      way.largest += 1 / sum;
    }
  }
  const shown = (row: number, column: number) => isVisible[row * nKeys + column] === 1;
  const [plain, scaled] = ways.map(({ data, entropy, largest }): ScoredHead => ({
    weights: { dims: [nQueries, nKeys], data },
    cells: quantise(data, nQueries, nKeys, weightScale(true), shown),
    entropyBits: entropy / nSeeing,
    largestWeight: largest / nSeeing,
  }));
  return { plain: plain!, scaled: scaled! };
}
