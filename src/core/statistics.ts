import { bitsOf, log2OfBits } from "./log2Table";
import type { Tensor } from "./tensor";
import type { TextRelations } from "./textRelations";

/**
 * What a head does, in numbers. All are means over the head's queries that see anything; those of weights are
 * shares of attention from 0 to 1. `previousToken`, `nextToken`, `firstToken`, `self`, `neighbours`, `distance`,
 * `induction`, `duplicate`, `bracket`, `insideBracket`, `insideQuote`, `sameWord`, `delimiter` and `newline` exist for self-attention only, and only
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
  "insideBracket",
  "insideQuote",
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
  insideBracket: "Weight on the innermost open bracket (queries inside brackets that are closed).",
  insideQuote: "Weight on the opening quote (queries inside a quotation or string).",
  sameWord:
    "Weight on the earlier tokens of the query's word (queries that continue a word; none in scripts without spaces).",
  delimiter: "Weight on tokens of punctuation alone (queries after the first such token).",
  newline: "Weight on tokens that hold a line break (queries after the first such token).",
};

/** For each token the index of its latest earlier occurrence, -1 for a first one; following it leads to all of them. */
export function earlierOccurrences(ids: readonly number[]): Int32Array {
  const latest = new Map<number, number>();
  return Int32Array.from(ids, (id, index) => {
    const before = latest.get(id) ?? -1;
    latest.set(id, index);
    return before;
  });
}

/**
 * Statistics of one head's weights [nQueries, nKeys]. `earlier` and `text` belong to the tokens of a self-attention;
 * without `earlier` (cross-attention) only `entropy` and `largest` are given, without `text` none that need it.
 */
export function statisticsOf(
  weights: Tensor,
  earlier?: Int32Array,
  text?: TextRelations,
): Partial<Record<StatisticName, number>> {
  const [nQueries = 0, nKeys = 0] = weights.dims;
  const { data } = weights;
  const bits = bitsOf(data);
  const means = new Means();
  const offset = nKeys - nQueries;
  const sums = new Float64Array(4);
  for (let query = 0; query < nQueries; query++) {
    const start = query * nKeys;
    const position = query + offset;
    sumRow(data, bits, start, nKeys, position, sums);
    if (sums[SUM] === 0) continue;
    means.add(ENTROPY, sums[ROW_ENTROPY]!);
    means.add(LARGEST, sums[ROW_LARGEST]!);
    if (!earlier) continue;
    const self = data[start + position]!;
    const before = position > 0 ? data[start + position - 1]! : 0;
    const after = position < nKeys - 1 ? data[start + position + 1]! : 0;
    means.add(DISTANCE, sums[ROW_DISTANCE]!);
    means.add(SELF, self);
    means.add(NEIGHBOURS, before + self + after);
    if (position > 0) means.add(PREVIOUS, before);
    if (position > 0) means.add(FIRST, data[start]!);
    if (position < nKeys - 1) means.add(NEXT, after);
    addOccurrences(means, data, start, position, earlier);
    if (text) addRelations(means, data, start, position, text);
  }
  return means.values();
}

/** Places in what `sumRow` fills. */
const [SUM, ROW_ENTROPY, ROW_LARGEST, ROW_DISTANCE] = [0, 1, 2, 3];

/** One pass over a row: test/bench/statistics.bench.ts measures it. */
function sumRow(
  data: Float32Array,
  bits: Uint32Array,
  start: number,
  nKeys: number,
  position: number,
  sums: Float64Array,
): void {
  let sum = 0;
  let entropy = 0;
  let largest = 0;
  let distance = 0;
  for (let key = 0, at = start; key < nKeys; key++, at++) {
    const weight = data[at]!;
    if (weight === 0) continue;
    sum += weight;
    entropy -= weight * log2OfBits(bits[at]!);
    if (weight > largest) largest = weight;
    distance += weight * (key < position ? position - key : key - position);
  }
  sums[SUM] = sum;
  // A weight of exactly 1 has entropy 0, not -0.
  sums[ROW_ENTROPY] = entropy + 0;
  sums[ROW_LARGEST] = largest;
  sums[ROW_DISTANCE] = distance;
}

function addOccurrences(
  means: Means,
  data: Float32Array,
  start: number,
  position: number,
  earlier: Int32Array,
): void {
  let key = earlier[position] ?? -1;
  if (key < 0) return;
  let duplicate = 0;
  let induction = 0;
  let nFollowers = 0;
  for (; key >= 0; key = earlier[key]!) {
    duplicate += data[start + key]!;
    // What followed the token directly before is the query itself.
    if (key + 1 === position) continue;
    induction += data[start + key + 1]!;
    nFollowers++;
  }
  means.add(DUPLICATE, duplicate);
  if (nFollowers > 0) means.add(INDUCTION, induction);
}

function addRelations(
  means: Means,
  data: Float32Array,
  start: number,
  position: number,
  { openings, insideBracket, insideQuote, wordStart, delimiters, newlines }: TextRelations,
): void {
  const partners = openings[position] ?? [];
  if (partners.length > 0) means.add(BRACKET, sumOver(data, start, partners));
  const bracket = insideBracket[position] ?? -1;
  if (bracket >= 0) means.add(INSIDE_BRACKET, data[start + bracket]!);
  const quote = insideQuote[position] ?? -1;
  if (quote >= 0) means.add(INSIDE_QUOTE, data[start + quote]!);
  const word = wordStart[position] ?? position;
  if (word < position) {
    let sum = 0;
    for (let key = word; key < position; key++) sum += data[start + key]!;
    means.add(SAME_WORD, sum);
  }
  if (delimiters.length > 0 && delimiters[0]! < position) {
    means.add(DELIMITER, sumOver(data, start, delimiters));
  }
  if (newlines.length > 0 && newlines[0]! < position) means.add(NEWLINE, sumOver(data, start, newlines));
}

function sumOver(data: Float32Array, start: number, keys: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < keys.length; i++) sum += data[start + keys[i]!]!;
  return sum;
}

const placeOf = (name: StatisticName) => statisticNames.indexOf(name);
const ENTROPY = placeOf("entropy");
const LARGEST = placeOf("largest");
const DISTANCE = placeOf("distance");
const PREVIOUS = placeOf("previousToken");
const NEXT = placeOf("nextToken");
const FIRST = placeOf("firstToken");
const SELF = placeOf("self");
const NEIGHBOURS = placeOf("neighbours");
const INDUCTION = placeOf("induction");
const DUPLICATE = placeOf("duplicate");
const BRACKET = placeOf("bracket");
const INSIDE_BRACKET = placeOf("insideBracket");
const INSIDE_QUOTE = placeOf("insideQuote");
const SAME_WORD = placeOf("sameWord");
const DELIMITER = placeOf("delimiter");
const NEWLINE = placeOf("newline");

/** Means over queries, each statistic over those that have it. */
class Means {
  private readonly sums = new Float64Array(statisticNames.length);
  private readonly counts = new Int32Array(statisticNames.length);

  add(place: number, value: number): void {
    this.sums[place]! += value;
    this.counts[place]! += 1;
  }

  values(): Partial<Record<StatisticName, number>> {
    const means: Partial<Record<StatisticName, number>> = {};
    statisticNames.forEach((name, place) => {
      const count = this.counts[place]!;
      if (count > 0) means[name] = this.sums[place]! / count;
    });
    return means;
  }
}
