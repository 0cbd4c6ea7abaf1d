import type { AroundProjection, BlockKind, HeadAddress } from "../core/run";
import type { Check } from "../core/steps";
import type { HeadAddition } from "../core/projection";
import type { Tensor } from "../core/tensor";

/** One query from the heads' outputs through W_O into the residual stream, for a layer. Vectors are [dModel]. */
export interface ProjectionSlice {
  readonly query: number;
  /** The head asked for: whose rows of W_O `weights` are. */
  readonly head: number;
  /** What enters W_O, head by head: [nHeads, dHead]. */
  readonly concat: Tensor;
  /** The rows of W_O that the head asked for meets, [dHead, dModel]; absent where they are more than a message carries. */
  readonly weights?: Tensor;
  /** What each head adds, its part of `concat` times its rows of W_O: [heads, dModel], from head `firstHead` on. */
  readonly contributions: Tensor;
  /** 0, or the head asked for where all heads are more than a message carries. */
  readonly firstHead: number;
  /** Of every head. */
  readonly heads: readonly HeadAddition[];
  /** All heads' contributions, summed. */
  readonly sum: Float32Array;
  readonly bias?: Float32Array;
  /** Sum and bias: what the attention gives, recomputed. */
  readonly output: Float32Array;
  readonly before?: Float32Array;
  readonly after?: Float32Array;
  readonly checks: {
    /** `concat` against the heads' outputs; absent where the model changes them on the way. */
    readonly concat?: Check;
    /** `output` against what came out of the model's own projection. */
    readonly output?: Check;
    /** `before` plus `output` against `after`; absent where the model adds something else too. */
    readonly after?: Check;
  };
  readonly around: readonly AroundProjection[];
}

/** What every head of a layer adds for every query: [nQueries, nHeads] each. */
export interface AdditionsSlice {
  /** Queries that were looked at, ascending: all, or evenly spread ones of a long text. */
  readonly queries: Uint32Array;
  readonly norms: Float32Array;
  /** Cosine with the sum over the heads. */
  readonly withSum: Float32Array;
  /** Cosine with the residual stream before; absent where that is. */
  readonly withResidual?: Float32Array;
}

/** What is behind the heads. Both are read by running again where the run does not hold W_O yet. */
export interface ProjectionSlices {
  projection(query: { runId: string; address: HeadAddress; query: number }): Promise<ProjectionSlice>;
  additions(query: { runId: string; block: BlockKind; layer: number }): Promise<AdditionsSlice>;
}
