import type { ScoringFunction } from "./functions";

/**
 * What one head costs for n queries on n keys, d numbers in each vector.
 * An operation is one multiplication, addition, comparison, division, exp or tanh; memory is in numbers held at once
 * (times 4 bytes in float32), over and above the inputs.
 */
export interface Cost {
  /** Learned numbers that the score or the pattern needs beside the projections that every head has. */
  readonly parameters: number;
  readonly operations: number;
  readonly memory: number;
}

/**
 * Of scoring alone, softmax and values left out:
 * dot: n² products of length d (2d - 1 operations each);
 * scaled: one division more per score;
 * additive (Bahdanau et al. 2015): W_q, W_k [d, d] and v [d]; 2n projections, then per pair d additions, d tanh and
 * a product with v. Held: the n² scores; for additive also the n² x d hidden values, as a batched product has them.
 */
export function scoringCost(scoring: ScoringFunction, n: number, d: number): Cost {
  const pairs = n * n;
  const product = 2 * d - 1;
  switch (scoring) {
    case "dot":
      return { parameters: 0, operations: pairs * product, memory: pairs };
    case "scaled":
      return { parameters: 0, operations: pairs * (product + 1), memory: pairs };
    case "additive":
      return {
        parameters: 2 * d * d + d,
        operations: 2 * n * d * product + pairs * (2 * d + product),
        memory: pairs * d + pairs + 2 * n * d,
      };
  }
}

/** Which pairs of query and key are computed. */
export type AttentionPattern =
  | { readonly kind: "full" }
  /** Each query sees `window` keys (Beltagy et al. 2020). */
  | { readonly kind: "windowed"; readonly window: number }
  /** Each block of `block` queries sees `nBlocks` blocks of keys (Child et al. 2019; Zaheer et al. 2020). */
  | { readonly kind: "block-sparse"; readonly block: number; readonly nBlocks: number }
  /** Keys and values are first projected from n to `rank` places (Linformer, Wang et al. 2020). */
  | { readonly kind: "low-rank"; readonly rank: number };

/**
 * Of scaled dot-product attention in that pattern, scores, softmax (5 operations a score: maximum, difference,
 * exp, sum, division) and weights x values. No pattern costs more pairs than there are.
 */
export function attentionCost(pattern: AttentionPattern, n: number, d: number): Cost {
  const perQuery = keysPerQuery(pattern, n);
  const pairs = n * perQuery;
  const scores = pairs * 2 * d;
  const softmax = pairs * 5;
  const mixing = n * d * Math.max(0, 2 * perQuery - 1);
  if (pattern.kind !== "low-rank") {
    return { parameters: 0, operations: scores + softmax + mixing, memory: pairs };
  }
  const projections = 2 * perQuery * d * (2 * n - 1);
  return {
    parameters: 2 * n * perQuery,
    operations: projections + scores + softmax + mixing,
    memory: pairs + 2 * perQuery * d,
  };
}

function keysPerQuery(pattern: AttentionPattern, n: number): number {
  switch (pattern.kind) {
    case "full":
      return n;
    case "windowed":
      return Math.min(n, pattern.window);
    case "block-sparse":
      return Math.min(n, pattern.block * pattern.nBlocks);
    case "low-rank":
      return Math.min(n, pattern.rank);
  }
}
