import type { RunSummary } from "../../../src/core/run";
import { tokenLabels, showWhiteSpace } from "../../../src/paint/tokenText";
import type { TokenPrediction } from "../../../src/protocol/generation";

/** One step of decoding: from the target so far, up to and with token `query`, the next token is written. */
export interface TargetStep {
  /** Row of decoder and cross-attention. */
  readonly query: number;
  /** The token that the step reads last. */
  readonly reads: string;
  /** The token that it writes, or would write behind the last one. */
  readonly writes: string;
  /** Whether the written token is part of the target: not behind the last one. */
  readonly isThere: boolean;
  /** Whether the model chose it, rather than a person. */
  readonly isGenerated: boolean;
  /** What the model made of it; absent while on its way. */
  readonly prediction?: TokenPrediction;
}

/** A step for each token of the target, and one for what comes behind it. */
export function targetSteps(
  { targetTokens = [], generated }: Pick<RunSummary, "targetTokens" | "generated">,
  predictions: readonly TokenPrediction[] | undefined,
): TargetStep[] {
  const labels = tokenLabels(targetTokens);
  return targetTokens.map((_, query): TargetStep => {
    const written = query + 1;
    const prediction = predictions?.find(({ index }) => index === written);
    const isThere = written < targetTokens.length;
    const next = prediction?.likely[0];
    return {
      query,
      reads: labels[query]!,
      writes: isThere ? labels[written]! : next ? showWhiteSpace(next.text) : "…",
      isThere,
      isGenerated: generated?.side === "target" && written >= generated.start,
      prediction,
    };
  });
}
