import type { Tensor } from "../tensor";

/** How a query and a key give a score before softmax. */
export type ScoringFunction = "additive" | "dot" | "scaled";

/**
 * Additive scores (Bahdanau et al. 2015, appendix A.1.2): vᵀ tanh(W_q q + W_k k), given the projected queries
 * [nQueries, dHidden], keys [nKeys, dHidden] and v [dHidden]: [nQueries, nKeys].
 */
export function additiveScores(projectedQ: Tensor, projectedK: Tensor, v: Float32Array): Tensor {
  const [nQueries = 0, dHidden = 0] = projectedQ.dims;
  const [nKeys = 0] = projectedK.dims;
  const data = new Float32Array(nQueries * nKeys);
  for (let query = 0; query < nQueries; query++) {
    for (let key = 0; key < nKeys; key++) {
      let sum = 0;
      for (let i = 0; i < dHidden; i++) {
        sum += v[i]! * Math.tanh(projectedQ.data[query * dHidden + i]! + projectedK.data[key * dHidden + i]!);
      }
      data[query * nKeys + key] = sum;
    }
  }
  return { dims: [nQueries, nKeys], data };
}

/** The terms of one query's additive scores, v_i tanh(q_i + k_ji): [nKeys, dHidden]; each row sums to that key's score. */
export function additiveTerms(
  projectedQ: Tensor,
  projectedK: Tensor,
  v: Float32Array,
  query: number,
): Tensor {
  const [nKeys = 0, dHidden = 0] = projectedK.dims;
  const data = new Float32Array(nKeys * dHidden);
  for (let key = 0; key < nKeys; key++) {
    for (let i = 0; i < dHidden; i++) {
      const sum = projectedQ.data[query * dHidden + i]! + projectedK.data[key * dHidden + i]!;
      data[key * dHidden + i] = v[i]! * Math.tanh(sum);
    }
  }
  return { dims: [nKeys, dHidden], data };
}
