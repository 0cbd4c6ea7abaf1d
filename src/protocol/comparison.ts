import type { CellDifference } from "../core/compare/divergence";
import type { SimilarHead } from "../core/compare/similarHeads";
import type { BlockKind, HeadAddress, HeadChoice } from "../core/run";

export type { SimilarHead };

/** What the side panel reads of one run or two. */
export interface ComparisonSlices {
  /** The other heads of the block that have the same shape, nearest first; by their weights where no measure is named. */
  similarHeads(query: { runId: string; address: HeadAddress; measure?: HeadMeasure }): Promise<SimilarHead[]>;
  compare(query: CompareQuery): Promise<Comparison>;
  /** The `count` heads for which a key matters most; store/keyHeads.ts says what that is. */
  keyHeads(query: KeyHeadsQuery): Promise<KeyHead[]>;
}

/** What each head has of its own. */
export type HeadMeasure = "weights" | "value-weighted" | "norm-weighted";

export interface KeyHeadsQuery {
  readonly runId: string;
  readonly block: BlockKind;
  readonly key: number;
  readonly count: number;
}

/** A head and the mean weight it puts on a key. */
export interface KeyHead {
  readonly address: HeadAddress;
  readonly weight: number;
}

/** A is `choice` of `runId`, B is `other`; the pictures come pooled to at most `size` cells on a side. */
export interface CompareQuery {
  readonly runId: string;
  readonly choice: HeadChoice;
  readonly other: { readonly runId: string; readonly choice: HeadChoice };
  readonly size: number;
  /** Weights when absent. */
  readonly measure?: ComparedMeasure;
}

/** What can be compared as shares of a row, cell by cell. */
export type ComparedMeasure = HeadMeasure | "rollout";

/** A and B over common rows and columns, each a token or a group of tokens on either side. */
export interface Comparison {
  /** How tokens were joined: the same ones, equal texts, or the same places in the text. */
  readonly alignment: "same" | "text" | "spans";
  readonly queries: readonly ComparedTokens[];
  readonly keys: readonly ComparedTokens[];
  /** Of the pictures; fewer than `queries` and `keys` where they were pooled. */
  readonly rows: number;
  readonly columns: number;
  /** What the numbers are, and the largest that it takes in any head of either side's block. */
  readonly measure: ComparedMeasure;
  readonly top: number;
  /** [rows, columns]: the largest weight pooled; of the difference A - B the one furthest from 0, 0 where one side lacks the query. */
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly difference: Float32Array;
  /** [rows, columns]: 1 where some pooled query may see some pooled key on that side. */
  readonly visibleA: Uint8Array;
  readonly visibleB: Uint8Array;
  /** Jensen-Shannon divergence in bits of each of `queries`; NaN where one side lacks the query. */
  readonly divergence: Float64Array;
  readonly meanDivergence: number;
  readonly largestDivergence: number;
  /** Index into `queries`. */
  readonly mostDivergent: number;
  /** Pearson's, over the cells that either side may see, of queries that both have. */
  readonly correlation: number;
  /** Indices into `queries` and `keys`, largest first, with the weights on both sides. */
  readonly largest: readonly (CellDifference & { readonly a: number; readonly b: number })[];
}

/** One row or column: the tokens on each side, absent where that side has no partner. */
export interface ComparedTokens {
  readonly a?: ComparedSide;
  readonly b?: ComparedSide;
}

/** Half-open range of token indices and their text. */
export interface ComparedSide {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}
