import { place, type Scale } from "./scale";

/** Lines are drawn in this many strengths; the weakest of all is left out. */
export const lineStrengths = 16;

/** Lines of one strength: 1 .. lineStrengths - 1. */
export interface LineGroup {
  readonly strength: number;
  /** Query and key of each line, one after the other. */
  readonly pairs: readonly number[];
}

/**
 * The lines of some queries, weakest first, so that the strongest come to lie on top. `data` is [queries, keys];
 * `wanted` leaves single lines out. Cells that are not a number draw none.
 */
export function groupLines(
  data: Float32Array,
  nKeys: number,
  queries: Iterable<number>,
  scale: Scale,
  wanted: (query: number, key: number) => boolean = () => true,
): LineGroup[] {
  const groups = Array.from({ length: lineStrengths }, (): number[] => []);
  for (const query of queries) {
    for (let key = 0; key < nKeys; key++) {
      const weight = data[query * nKeys + key]!;
      if (!(weight > 0) || !wanted(query, key)) continue;
      const strength = Math.min(lineStrengths - 1, Math.floor(place(scale, weight) * lineStrengths));
      if (strength > 0) groups[strength]!.push(query, key);
    }
  }
  return groups
    .map((pairs, strength) => ({ strength, pairs }))
    .filter(({ strength, pairs }) => strength > 0 && pairs.length > 0);
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
