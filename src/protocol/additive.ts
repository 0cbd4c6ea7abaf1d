import type { BlockKind } from "../core/run";
import type { Tensor } from "../core/tensor";

/** The terms of additive scores vᵀ tanh(q + k): projected queries [nQueries, d] and keys [nKeys, d], and v [d]. */
export interface AdditiveSlice {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Float32Array;
}

/** Asked of layers that are marked additive. */
export interface AdditiveSlices {
  additive(query: { runId: string; block: BlockKind; layer: number }): Promise<AdditiveSlice>;
}
