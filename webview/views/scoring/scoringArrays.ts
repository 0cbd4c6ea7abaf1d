import type { NamedArray } from "../../../src/protocol/npz";
import type { ScoringRun } from "../../../src/protocol/scoringRuns";

/** Each model's cross-attention under its scoring function, what it wrote, and the text as each of them read it. */
export function scoringArrays(runs: readonly ScoringRun[]): NamedArray[] {
  return runs.flatMap(({ scoring, source, target, weights, probabilities }) => [
    {
      name: `${scoring}.weights`,
      dims: [target.length, source.length],
      data: Float32Array.from(weights),
    },
    {
      name: `${scoring}.probabilities`,
      dims: [probabilities.length],
      data: Float32Array.from(probabilities),
    },
    ids(`${scoring}.ids`, source),
    ids(`${scoring}.target_ids`, target),
  ]);
}

function ids(name: string, tokens: ScoringRun["source"]): NamedArray {
  return { name, dims: [tokens.length], data: BigInt64Array.from(tokens, ({ id }) => BigInt(id)) };
}
