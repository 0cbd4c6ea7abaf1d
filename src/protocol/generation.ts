import type { Prediction } from "./slices";

/** What can be read of what a run's model wrote, or would have written in place of what it was given. */
export interface GenerationSlices {
  /**
   * For each token from `start` to before `end` of the sequence that the model predicts (the source of a causal model,
   * the target of an encoder-decoder): what the model made of it from the tokens before. `end` may be one past the last
   * token: the last entry is then what would come next.
   */
  tokenPredictions(query: TokenPredictionQuery): Promise<TokenPrediction[]>;
  /** What each layer would predict at the positions from `start` to before `end` (nostalgebraist 2020). */
  logitLens(query: LensQuery): Promise<LogitLens>;
}

export interface TokenPredictionQuery {
  readonly runId: string;
  readonly start: number;
  readonly end: number;
  /** How many alternatives of each. */
  readonly count: number;
}

export interface TokenPrediction {
  readonly index: number;
  /** Of the token that stands there, 0..1; absent for the token that would come next. */
  readonly probability?: number;
  /** 1 where the token was the most likely one. */
  readonly rank?: number;
  /** The most likely tokens there, most likely first; empty where nothing is predicted (the first token). */
  readonly likely: readonly Prediction[];
}

export interface LensQuery {
  readonly runId: string;
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

/** The logit lens of some positions. */
export interface LogitLens {
  /** Why the graph does not allow it; `rows` is then empty. */
  readonly missing?: string;
  readonly start: number;
  /** From the embedding, or the first layer, to the last. */
  readonly rows: readonly LensRow[];
}

export interface LensRow {
  /** The residual stream after this layer; "embedding": before the first. */
  readonly layer: number | "embedding";
  readonly cells: readonly LensCell[];
}

export interface LensCell {
  /** Most likely first. */
  readonly likely: readonly Prediction[];
  /** What this layer gives the token that the whole model holds most likely here, 0..1. */
  readonly final: number;
}
