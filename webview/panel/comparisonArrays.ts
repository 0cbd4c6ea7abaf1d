import type { ComparedTokens, Comparison } from "../../src/protocol/comparison";
import type { NamedArray } from "../../src/protocol/npz";

/** The three pictures as they are shown, the divergence of each query, and which tokens stand behind them. */
export function comparisonArrays(shown: Comparison): NamedArray[] {
  const dims = [shown.rows, shown.columns];
  const cells = (name: string, data: Float32Array) => ({ name, dims, data: Float32Array.from(data) });
  return [
    cells("a", shown.a),
    cells("b", shown.b),
    cells("difference", shown.difference),
    {
      name: "divergence",
      dims: [shown.divergence.length],
      data: Float32Array.from(shown.divergence),
    },
    ranges("queries", shown.queries),
    ranges("keys", shown.keys),
  ];
}

/** [groups, 2 sides, 2]: the half-open range of token indices on A and on B, -1 where a side has no partner. */
function ranges(name: string, groups: readonly ComparedTokens[]): NamedArray {
  const data = groups.flatMap(({ a, b }) => [a, b].flatMap((side) => [side?.start ?? -1, side?.end ?? -1]));
  return { name, dims: [groups.length, 2, 2], data: Int32Array.from(data) };
}
