import { place, type Scale } from "./scale";

/** Lines are drawn in this many strengths; the weakest of all is left out. */
export const lineStrengths = 16;

/** Lines of one strength: 1 .. lineStrengths - 1. */
export interface LineGroup {
  readonly strength: number;
  /** Query and key of each line, one after the other. */
  readonly pairs: readonly number[];
}

/** One query and its weight for each key. */
export interface LineRow {
  readonly query: number;
  readonly weights: Float32Array;
}

/** Some rows of a matrix of `nKeys` columns. */
export function* lineRows(
  matrix: Float32Array,
  nKeys: number,
  queries: Iterable<number>,
): Generator<LineRow> {
  for (const query of queries) {
    yield { query, weights: matrix.subarray(query * nKeys, (query + 1) * nKeys) };
  }
}

/** The lines of some queries, weakest first, so that the strongest come to lie on top. What is not a number draws none. */
export function groupLines(rows: Iterable<LineRow>, scale: Scale): LineGroup[] {
  const groups = Array.from({ length: lineStrengths }, (): number[] => []);
  const least = weakestLine(scale);
  for (const { query, weights } of rows) {
    for (let key = 0; key < weights.length; key++) {
      const weight = weights[key]!;
      if (!(weight >= least)) continue;
      const strength = Math.min(lineStrengths - 1, Math.floor(place(scale, weight) * lineStrengths));
      if (strength > 0) groups[strength]!.push(query, key);
    }
  }
  return groups
    .map((pairs, strength) => ({ strength, pairs }))
    .filter(({ strength, pairs }) => strength > 0 && pairs.length > 0);
}

/** The strongest groups that together hold at most `most` lines, always the first; and how many lines there were. */
export function strongestLines(
  groups: readonly LineGroup[],
  most: number,
): { readonly shown: readonly LineGroup[]; readonly nShown: number; readonly nLines: number } {
  const shown: LineGroup[] = [];
  let nShown = 0;
  for (const group of [...groups].reverse()) {
    const count = group.pairs.length / 2;
    if (nShown > 0 && nShown + count > most) break;
    shown.unshift(group);
    nShown += count;
  }
  return { shown, nShown, nLines: groups.reduce((sum, { pairs }) => sum + pairs.length / 2, 0) };
}

/** Pixels. */
export function lineWidth(strength: number): number {
  return 0.6 + (3.2 * strength) / (lineStrengths - 1);
}

/** 0..1. */
export function lineOpacity(strength: number): number {
  return 0.12 + (0.88 * strength) / (lineStrengths - 1);
}

/** The smallest weight that is drawn. */
export function weakestLine(scale: Scale): number {
  const least = 1 / lineStrengths;
  return scale.kind === "sqrt" ? least * least * scale.max : least * scale.max;
}
