import type { KeptWeights } from "../../src/core/run";

/** ", ± 0.004" where weights are not kept as the model computed them, else nothing. */
export function errorText(kept: KeptWeights | undefined): string {
  return kept ? `, ± ${kept.largestError.toPrecision(1)}` : "";
}
