import type { Tensor } from "./tensor";

/**
 * One step on the way from q·k to the weights. `T` is how a term is known: a place in a graph, an output of a run, or
 * its numbers as [heads, queries, keys], where an axis of length 1 stands for all.
 */
export type ScoreStep<T> =
  | { readonly kind: "multiply" | "divide"; readonly by: number | T }
  | { readonly kind: "add" | "subtract" | "atLeast" | "atMost"; readonly term: number | T }
  /** Another value where `where` is 0, or, with `keepsZero`, where it is not. */
  | { readonly kind: "select"; readonly where: T; readonly keepsZero: boolean; readonly other: number | T }
  | { readonly kind: "tanh" }
  /** Adds `value` to keys where the mask is 0. */
  | { readonly kind: "hide"; readonly mask: T; readonly value: number }
  /** Adds `value` to keys from the one with this number on, or before it. */
  | { readonly kind: "end" | "start"; readonly at: T; readonly value: number }
  /** Keys after the query are not seen; the first query is level with the first key, or the last with the last, or with key `level` - 1. */
  | { readonly kind: "causal"; readonly level: "first" | "last" | T }
  /** Only the last `size` keys up to the query are seen; the last query is level with the last key. */
  | { readonly kind: "window"; readonly size: number }
  /** One more column of the softmax, which belongs to no key. */
  | { readonly kind: "sink"; readonly term: number | T }
  | { readonly kind: "softmax" };

/** The operands of one layer: q [heads, queries, d], k [key heads, keys, d], and the steps behind their product. */
export interface ScoreFormula {
  readonly q: Tensor;
  readonly k: Tensor;
  /** Of additive attention, v [d]: vᵀ tanh(q + k) in place of the product (Bahdanau et al. 2015, appendix A.1.2). */
  readonly vector?: Float32Array;
  readonly nHeads: number;
  readonly nQueries: number;
  readonly nKeys: number;
  readonly steps: readonly ScoreStep<Tensor>[];
}

/** Below this a query sees no key: masks add -1e4 or far less, scores of real models stay within a few hundred. */
const HIDDEN = -5000;

/**
 * One row of weights in float64, softmax(q·k·scale + bias + mask) by the steps of the graph (Vaswani et al. 2017, eq. 1);
 * undefined where the query sees no key, since such rows hold what rounding leaves.
 */
export function recomputeRow(formula: ScoreFormula, head: number, query: number): Float64Array | undefined {
  const { nHeads, nQueries, nKeys, steps } = formula;
  let row: Float64Array = product(formula, head, query);
  let seesNone = false;
  for (const step of steps) {
    const at = (term: number | Tensor, key: number) =>
      typeof term === "number" ? term : termAt(term, nHeads, head, query, key);
    switch (step.kind) {
      case "multiply":
        row = row.map((score, key) => score * at(step.by, key));
        break;
      case "divide":
        row = row.map((score, key) => score / at(step.by, key));
        break;
      case "add":
        row = row.map((score, key) => score + at(step.term, key));
        break;
      case "subtract":
        row = row.map((score, key) => score - at(step.term, key));
        break;
      case "atLeast":
        row = row.map((score, key) => Math.max(score, at(step.term, key)));
        break;
      case "atMost":
        row = row.map((score, key) => Math.min(score, at(step.term, key)));
        break;
      case "select":
        row = row.map((score, key) =>
          (at(step.where, key) === 0) === step.keepsZero ? score : at(step.other, key),
        );
        break;
      case "tanh":
        row = row.map(Math.tanh);
        break;
      case "hide":
        row = row.map((score, key) => (at(step.mask, key) > 0 ? score : score + step.value));
        break;
      case "end":
        row = row.map((score, key) => (key < at(step.at, key) ? score : score + step.value));
        break;
      case "start":
        row = row.map((score, key) => (key >= at(step.at, key) ? score : score + step.value));
        break;
      case "causal": {
        const nSeen = step.level === "first" ? nQueries : step.level === "last" ? nKeys : at(step.level, 0);
        const last = query + nSeen - nQueries;
        row = row.map((score, key) => (key > last && key < nKeys ? -Infinity : score));
        break;
      }
      case "window": {
        const first = query + nKeys - nQueries - step.size + 1;
        row = row.map((score, key) => (key < first ? -Infinity : score));
        break;
      }
      case "sink": {
        const longer = new Float64Array(row.length + 1);
        longer.set(row);
        longer[row.length] = at(step.term, 0);
        row = longer;
        break;
      }
      case "softmax":
        seesNone = !(Math.max(...row.subarray(0, nKeys)) > HIDDEN);
        row = softmax(row);
        break;
    }
  }
  return seesNone ? undefined : row.subarray(0, nKeys);
}

function product({ q, k, vector, nHeads, nKeys }: ScoreFormula, head: number, query: number): Float64Array {
  const [nOwn = 1, nRows = 1, dHead = 1] = q.dims;
  const [nKeyHeads = 1, nKeyRows = 1] = k.dims;
  const from = (Math.floor((head * nOwn) / nHeads) * nRows + query) * dHead;
  const keyFrom = Math.floor((head * nKeyHeads) / nHeads) * nKeyRows * dHead;
  const row = new Float64Array(nKeys);
  for (let key = 0; key < nKeys; key++) {
    let sum = 0;
    const at = keyFrom + key * dHead;
    if (vector) {
      for (let d = 0; d < dHead; d++) sum += vector[d]! * Math.tanh(q.data[from + d]! + k.data[at + d]!);
    } else {
      for (let d = 0; d < dHead; d++) sum += q.data[from + d]! * k.data[at + d]!;
    }
    row[key] = sum;
  }
  return row;
}

function termAt({ dims, data }: Tensor, nHeads: number, head: number, query: number, key: number): number {
  const [heads = 1, queries = 1, keys = 1] = dims;
  const ofHead = Math.floor((head * heads) / nHeads);
  // Terms of all keys say nothing of a sink's column.
  if (keys > 1 && key >= keys) return 0;
  return data[(ofHead * queries + (queries === 1 ? 0 : query)) * keys + (keys === 1 ? 0 : key)] ?? Number.NaN;
}

function softmax(scores: Float64Array): Float64Array {
  const most = Math.max(...scores);
  const exponents = scores.map((score) => Math.exp(score - most));
  const total = exponents.reduce((sum, one) => sum + one, 0);
  return exponents.map((one) => one / total);
}
