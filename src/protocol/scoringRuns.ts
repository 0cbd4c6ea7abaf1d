import type { ScoringFunction } from "../core/scoring/functions";
import type { Token } from "../core/token";

/** One model of a scoring function run on a text: what it wrote, and where it looked. */
export interface ScoringRun {
  readonly scoring: ScoringFunction;
  readonly modelId: string;
  readonly modelName: string;
  /** Numbers that were trained. */
  readonly parameters?: number;
  /** What its card measured, by name: accuracy among it. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly source: readonly Token[];
  /** The start token and what the model wrote. */
  readonly target: readonly Token[];
  readonly end: "end-token" | "length";
  /** Cross-attention [target, source], row-major: row i is where the model looked when it wrote target token i + 1. */
  readonly weights: Float32Array;
  /** Of each token that was written, 0..1. */
  readonly probabilities: readonly number[];
}

/** What `scoringRuns` gives: the runs, and texts that the models' cards propose. */
export interface ScoringRuns {
  /** What was run: the text that was asked for, or the first of the samples. */
  readonly text: string;
  readonly runs: readonly ScoringRun[];
  readonly samples: readonly string[];
}
