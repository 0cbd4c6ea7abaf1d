import type { ScoringFunction } from "../../../src/core/scoring/functions";

/** Bahdanau et al. 2015, appendix A.1.2; Luong et al. 2015, §3.1; Vaswani et al. 2017, eq. 1. */
export const scoringFormulas: Readonly<Record<ScoringFunction, string>> = {
  additive: "vᵀ tanh(W_q q + W_k k)",
  dot: "q · k",
  scaled: "q · k / √d_k",
};
