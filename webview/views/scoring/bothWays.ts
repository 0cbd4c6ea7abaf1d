import { entropyBits, softmaxRows } from "../../../src/core/softmax";
import { multiplyTransposed } from "../../../src/core/steps";
import type { Tensor } from "../../../src/core/tensor";
import { quantise, type Cells } from "../../../src/paint/heatmap";
import { weightScale } from "../../../src/paint/scale";

/** A head's own q and k through softmax with one factor: the weights, and how spread they are. */
export interface ScoredHead {
  /** [nQueries, nKeys]. */
  readonly weights: Tensor;
  readonly cells: Cells;
  /** Means over the queries. */
  readonly entropyBits: number;
  readonly largestWeight: number;
}

/** softmax(factor · QKᵀ + mask) of this run's q [nQueries, dKey] and k [nKeys, dKey], without and with 1/√d_k. */
export function bothWays(
  q: Tensor,
  k: Tensor,
  visible: (query: number, key: number) => boolean,
): { plain: ScoredHead; scaled: ScoredHead } {
  const product = multiplyTransposed(q, k);
  return {
    plain: scored(product, 1, visible),
    scaled: scored(product, 1 / Math.sqrt(q.dims[1] ?? 1), visible),
  };
}

function scored(
  product: Tensor,
  factor: number,
  visible: (query: number, key: number) => boolean,
): ScoredHead {
  const [nQueries = 0, nKeys = 0] = product.dims;
  const scores = product.data.map((value, i) =>
    visible(Math.floor(i / nKeys), i % nKeys) ? value * factor : -Infinity,
  );
  const weights = softmaxRows({ dims: product.dims, data: scores });
  let entropy = 0;
  let largest = 0;
  for (let query = 0; query < nQueries; query++) {
    const row = weights.data.subarray(query * nKeys, (query + 1) * nKeys);
    entropy += entropyBits(row) / nQueries;
    largest += row.reduce((most, weight) => Math.max(most, weight), 0) / nQueries;
  }
  const cells = quantise(weights.data, nQueries, nKeys, weightScale(true), visible);
  return { weights, cells, entropyBits: entropy, largestWeight: largest };
}
