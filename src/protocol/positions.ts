import type { BlockKind, PositionScheme } from "../core/run";
import type { RopePairs } from "../core/positions/rope";
import type { RelativeBuckets } from "../core/positions/relativeBuckets";
import type { Tensor } from "../core/tensor";

/** What a model's own graph and weights say about positions. Parts that could not be read are absent. */
export interface ModelPositions {
  readonly scheme: PositionScheme;
  /** Where the scheme and its parameters were read; absent where it is not known. */
  readonly source?: "graph" | "config.json";
  /** By name: base, length of the table, number of buckets, … */
  readonly parameters: Readonly<Record<string, number | string>>;
  /** Why something is absent, as a sentence. */
  readonly missing?: string;
  /** Learned or sinusoidal: the rows that the model adds for the run's positions, at most 512 of them, [nPositions, dModel]. */
  readonly table?: Tensor;
  /** RoPE: radians per position for each pair of dimensions, [pairs]. */
  readonly frequencies?: Float64Array;
  /** Which dimensions turn together; absent where the graph does not show it. */
  readonly pairs?: RopePairs;
  /** ALiBi: the slope of each head, [nHeads]. */
  readonly slopes?: Float64Array;
  /** T5: how distances are sorted, and what each head adds for each bucket, [nBuckets, nHeads]. */
  readonly buckets?: RelativeBuckets;
  readonly bucketBias?: Tensor;
  /** The same where the blocks of an encoder-decoder have tables of their own; `buckets` and `bucketBias` are the first's. */
  readonly bucketsOfBlocks?: readonly BucketsOfBlock[];
}

export interface BucketsOfBlock {
  readonly block: BlockKind;
  readonly buckets: RelativeBuckets;
  /** [nBuckets, nHeads] */
  readonly bias?: Tensor;
}

/** Mean weight over distance of every head of a block: what its positions come to. */
export interface DistanceSlice {
  readonly layers: readonly { readonly layer: number; readonly nHeads: number }[];
  /** Distance of the first entry, query - key: positive is back. Entries rise by 1. */
  readonly firstDistance: number;
  readonly nDistances: number;
  /** For each layer and head in order, [nDistances]; NaN where the mask lets no pair be that far apart. */
  readonly mean: Float32Array;
}

/** What the positions view reads beside the slices of a run. */
export interface PositionSlices {
  positions(query: { runId: string }): Promise<ModelPositions>;
  distances(query: { runId: string; block: BlockKind }): Promise<DistanceSlice>;
}
