import type { Tensor } from "./tensor";
import type { TextRelations } from "./textRelations";

/**
 * What a head does, in numbers. All are means over the head's queries that see anything; those of weights are
 * shares of attention from 0 to 1. `previousToken`, `nextToken`, `firstToken`, `self`, `neighbours`, `distance`,
 * `induction`, `duplicate`, `bracket`, `sameWord`, `delimiter` and `newline` exist for self-attention only, and only
 * where some query has such a key.
 */
export const statisticNames = [
  "entropy",
  "largest",
  "distance",
  "previousToken",
  "nextToken",
  "firstToken",
  "self",
  "neighbours",
  "induction",
  "duplicate",
  "bracket",
  "sameWord",
  "delimiter",
  "newline",
] as const;

export type StatisticName = (typeof statisticNames)[number];

/** One sentence on each statistic, for tooltips and exports. */
export const statisticMeanings: Readonly<Record<StatisticName, string>> = {
  entropy:
    "Shannon entropy of the weights in bits: 0 where one key has all, log2(n) where n keys share equally.",
  largest: "The largest weight of each query.",
  distance: "Tokens between query and key, weighted.",
  previousToken: "Weight on the token before the query (queries from 1).",
  nextToken: "Weight on the token after the query (queries but the last).",
  firstToken: "Weight on token 0 (queries from 1); high for an attention sink.",
  self: "Weight on the query's own token.",
  neighbours: "Weight on the query's own token and those beside it.",
  induction:
    "Weight on the tokens that followed earlier occurrences of the query's token (queries whose token occurred before; Olsson et al. 2022).",
  duplicate:
    "Weight on earlier occurrences of the query's token (queries whose token occurred before; Wang et al. 2023).",
  bracket:
    "Weight on the opening bracket or quote that the query closes (queries that hold a closing one whose opening is in another token).",
  sameWord:
    "Weight on the earlier tokens of the query's word (queries that continue a word; none in scripts without spaces).",
  delimiter: "Weight on tokens of punctuation alone (queries after the first such token).",
  newline: "Weight on tokens that hold a line break (queries after the first such token).",
};

/** Where earlier copies of each token lie: for each query, the indices of its token's earlier occurrences. */
export function earlierOccurrences(ids: readonly number[]): readonly (readonly number[])[] {
  const seen = new Map<number, number[]>();
  return ids.map((id, index) => {
    const before = seen.get(id) ?? [];
    seen.set(id, [...before, index]);
    return before;
  });
}

/**
 * Statistics of one head's weights [nQueries, nKeys]. `earlier` and `text` belong to the tokens of a self-attention;
 * without `earlier` (cross-attention) only `entropy` and `largest` are given, without `text` none that need it.
 */
export function statisticsOf(
  weights: Tensor,
  earlier?: readonly (readonly number[])[],
  text?: TextRelations,
): Partial<Record<StatisticName, number>> {
  const [nQueries = 0, nKeys = 0] = weights.dims;
  const means = new Means();
  const offset = nKeys - nQueries;
  for (let query = 0; query < nQueries; query++) {
    const row = weights.data.subarray(query * nKeys, (query + 1) * nKeys);
    const position = query + offset;
    const { sum, entropy, largest, distance } = rowSums(row, position);
    if (sum === 0) continue;
    means.add("entropy", entropy);
    means.add("largest", largest);
    if (!earlier) continue;
    means.add("distance", distance);
    means.add("self", row[position]!);
    means.add("neighbours", (row[position - 1] ?? 0) + row[position]! + (row[position + 1] ?? 0));
    if (position > 0) means.add("previousToken", row[position - 1]!);
    if (position > 0) means.add("firstToken", row[0]!);
    if (position < nKeys - 1) means.add("nextToken", row[position + 1]!);
    addOccurrences(means, row, position, earlier[position] ?? []);
    if (text) addRelations(means, row, position, text);
  }
  return means.values();
}

function addOccurrences(means: Means, row: Float32Array, position: number, earlier: readonly number[]): void {
  if (earlier.length === 0) return;
  let duplicate = 0;
  let induction = 0;
  let nFollowers = 0;
  for (const key of earlier) {
    duplicate += row[key]!;
    // What followed the token directly before is the query itself.
    if (key + 1 === position) continue;
    induction += row[key + 1]!;
    nFollowers++;
  }
  means.add("duplicate", duplicate);
  if (nFollowers > 0) means.add("induction", induction);
}

function addRelations(means: Means, row: Float32Array, position: number, text: TextRelations): void {
  const { openings, wordStart, delimiters, newlines } = text;
  const sumOver = (keys: readonly number[]) => keys.reduce((sum, key) => sum + row[key]!, 0);
  const partners = openings[position] ?? [];
  if (partners.length > 0) means.add("bracket", sumOver(partners));
  const start = wordStart[position] ?? position;
  if (start < position)
    means.add(
      "sameWord",
      row.subarray(start, position).reduce((sum, w) => sum + w, 0),
    );
  if (delimiters.length > 0 && delimiters[0]! < position) means.add("delimiter", sumOver(delimiters));
  if (newlines.length > 0 && newlines[0]! < position) means.add("newline", sumOver(newlines));
}

function rowSums(row: Float32Array, position: number) {
  let sum = 0;
  let entropy = 0;
  let largest = 0;
  let distance = 0;
  for (let key = 0; key < row.length; key++) {
    const weight = row[key]!;
    if (weight === 0) continue;
    sum += weight;
    entropy -= weight * Math.log2(weight);
    if (weight > largest) largest = weight;
    distance += weight * Math.abs(position - key);
  }
  return { sum, entropy, largest, distance };
}

class Means {
  private readonly sums: Partial<Record<StatisticName, number>> = {};
  private readonly counts: Partial<Record<StatisticName, number>> = {};

  add(name: StatisticName, value: number): void {
    this.sums[name] = (this.sums[name] ?? 0) + value;
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  values(): Partial<Record<StatisticName, number>> {
    const means: Partial<Record<StatisticName, number>> = {};
    for (const name of statisticNames) {
      const count = this.counts[name];
      if (count !== undefined) means[name] = this.sums[name]! / count;
    }
    return means;
  }
}
