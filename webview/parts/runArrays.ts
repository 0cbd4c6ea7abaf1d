import type { RunSummary } from "../../src/core/run";
import type { Token } from "../../src/core/token";
import type { NamedArray } from "../../src/protocol/npz";

/**
 * A run's tokens, under the names that the command line gives them: `ids` [T] and `spans` [T, 2] in UTF-16 code units
 * of the text, -1 for a token without a place in it; of an encoder-decoder also `target_ids`.
 */
export function runArrays(run: RunSummary | undefined): NamedArray[] {
  if (!run) return [];
  const { tokens, targetTokens } = run;
  const spans = Int32Array.from(tokens.flatMap(({ start, end }) => [start, end]));
  return [
    ids("ids", tokens),
    { name: "spans", dims: [tokens.length, 2], data: spans },
    ...(targetTokens ? [ids("target_ids", targetTokens)] : []),
  ];
}

function ids(name: string, tokens: readonly Token[]): NamedArray {
  return { name, dims: [tokens.length], data: BigInt64Array.from(tokens, ({ id }) => BigInt(id)) };
}
