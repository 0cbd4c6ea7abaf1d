import type { Marginals } from "../core/marginals";
import type { ShownMeasure } from "../core/measures/measure";
import type { HeadAddress, HeadChoice, HeadVectors, BlockKind } from "../core/run";
import type { Tensor } from "../core/tensor";
import type { TokenLayout } from "../core/tokenLayout";
import type { AdditiveSlices } from "./additive";
import type { ComparisonSlices } from "./comparison";
import type { GenerationSlices } from "./generation";
import type { StagesSlices } from "./stages";
import type { PositionSlices } from "./positions";
import type { ProjectionSlices } from "./projection";

/**
 * What can be read of a run. The worker answers from its store; the host passes the question on for a view;
 * a page without a host answers from the data it carries. No answer is larger than 1 MB in normal use.
 */
export interface Slices
  extends PositionSlices, ComparisonSlices, ProjectionSlices, AdditiveSlices, StagesSlices, GenerationSlices {
  /** Dims [queries, keys] of the window; larger windows come max-pooled to at most maxRows x maxColumns. */
  matrix(query: MatrixQuery): Promise<MatrixSlice>;
  /** Sums and entropies of all rows and columns of a choice, unpooled. */
  marginals(query: MarginalsQuery): Promise<Marginals>;
  /** The mean over some query tokens of their rows, unpooled: one number for each key. */
  meanRow(query: MeanRowQuery): Promise<Float32Array>;
  /** One row (all keys for one query) or one column (all queries for one key), for each choice. */
  vectors(query: VectorQuery): Promise<Float32Array[]>;
  /** All heads of a block as bytes, for the overview. */
  thumbnails(query: ThumbnailQuery): Promise<Thumbnails>;
  /** Of the weights, or of weights times lengths scaled to rows that sum to 1. */
  statistics(query: StatisticsQuery): Promise<HeadStatistics[]>;
  /** Which keys each query of a half-open range (all of them when absent) may see in a layer, as read from the run. */
  mask(query: MaskQuery): Promise<MaskSlice>;
  /** q, k, v or the output of one head: [positions, dHead]. */
  headVectors(query: { runId: string; address: HeadAddress; which: HeadVectors }): Promise<Tensor>;
  /** The most likely tokens after (or, for a masked-token model, at) a position. */
  predictions(query: { runId: string; position: number; count: number }): Promise<Prediction[]>;
}

export interface MatrixQuery {
  runId: string;
  choice: HeadChoice;
  measure: ShownMeasure;
  /** Half-open ranges of tokens; everything when absent. */
  window?: { queryStart: number; queryEnd: number; keyStart: number; keyEnd: number };
  maxRows?: number;
  maxColumns?: number;
  /** In place of maxRows and maxColumns: cells of this many tokens a side, counted from the window's start. */
  tokensPerCell?: number;
  /** Which tokens the matrix shows; the window and the answer then count rows and columns of that layout. */
  layout?: TokenLayout;
  /** Whether the answer says which cells are masked. */
  withVisibility?: boolean;
}

export type MarginalsQuery = Pick<MatrixQuery, "runId" | "choice" | "measure" | "layout">;

export interface MeanRowQuery extends Pick<MatrixQuery, "runId" | "choice" | "measure"> {
  /** Token indices, at least one. */
  queries: readonly number[];
}

export interface MatrixSlice {
  readonly queryStart: number;
  readonly queryEnd: number;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns], row-major; each cell is the maximum of the tokens it pools (1 x 1 when not pooled). */
  readonly data: Float32Array;
  /** [rows, columns]: 1 where some of the cell's queries sees some of its keys. Where it was asked for. */
  readonly visible?: Uint8Array;
  /** The largest value that the measure takes in any head of the block; 1 for weights, rollout and flow, absent for scores. */
  readonly largest?: number;
}

export interface VectorQuery {
  runId: string;
  choices: HeadChoice[];
  measure: ShownMeasure;
  axis: "query" | "key";
  index: number;
}

export interface ThumbnailQuery {
  runId: string;
  block: BlockKind;
  /** Edge in pixels; a head of fewer tokens comes at its own size. */
  size: number;
  /** "means": one for each layer, the mean over its heads; "heads" when absent. */
  of?: "heads" | "means";
  /** Weights when absent. Rollout and flow have one thumbnail for each layer. */
  measure?: Exclude<ShownMeasure, "scores">;
}

export interface StatisticsQuery {
  runId: string;
  block: BlockKind;
  measure?: "weights" | "value-weighted" | "norm-weighted";
}

export interface Thumbnails {
  readonly block: BlockKind;
  readonly layers: readonly { layer: number; nHeads: number }[];
  readonly rows: number;
  readonly columns: number;
  /** For each layer and head in order (or each layer's mean), [rows, columns] of round(255 * sqrt(largest value pooled / `largest`)). */
  readonly data: Uint8Array;
  /** The value of byte 255: 1 for weights, rollout and flow. */
  readonly largest: number;
}

/** Statistics of one head over all its queries; means are over queries. Definitions in core/statistics.ts. */
export interface HeadStatistics {
  readonly address: HeadAddress;
  readonly values: Readonly<Record<string, number>>;
  /** What a head would have here that looks at every key it may see alike; absent where that is not known. */
  readonly uniform?: Readonly<Record<string, number>>;
}

export interface MaskQuery {
  runId: string;
  block: BlockKind;
  layer: number;
  queryStart?: number;
  queryEnd?: number;
}

export interface MaskSlice {
  /** The queries that it holds, half open. */
  readonly queryStart: number;
  readonly queryEnd: number;
  readonly nKeys: number;
  /** [queryEnd - queryStart, nKeys]: 1 where the query may see the key. */
  readonly visible: Uint8Array;
}

export interface Prediction {
  readonly id: number;
  readonly text: string;
  /** 0..1, softmax over the whole vocabulary. */
  readonly probability: number;
}
