import type { Tensor } from "../tensor";
import { hasSpan, type Token } from "../token";
import { dateSpans, isoDate, type CharSpan, type DateField } from "./dateFields";

/** What a probe measures of a cross-attention head, which has no previous token, no bracket and no copy of its own. */
export type CrossingName = "copied" | "monotonic" | DateField;

/** One sentence on each, for tooltips and cards. "Row" is a step of the decoder. */
export const crossingMeanings: Readonly<Record<CrossingName, string>> = {
  copied:
    "Weight on source tokens equal to the one that the row writes (rows whose token occurs in the source).",
  monotonic:
    "Correlation of the row with the place that it looks at on average: 1 for a head that reads from left to right.",
  year: "Weight on the year's characters (rows that write the year).",
  month: "Weight on the month's characters (rows that write the month).",
  day: "Weight on the day's characters (rows that write the day).",
};

/** A source and the target that a model is to make of it. */
export interface TextPair {
  readonly text: string;
  readonly targetText: string;
}

/**
 * Of one cross-attention head, weights [target, source]: row i reads the target's token i and writes token i + 1.
 * Fields where the target is an ISO date and the source says where its parts stand.
 */
export function probeCrossing(
  { text, targetText }: TextPair,
  source: readonly Token[],
  target: readonly Token[],
  weights: Tensor,
): Partial<Record<CrossingName, number>> {
  const written = target.slice(1);
  const found: Partial<Record<CrossingName, number>> = {};
  const rows = (of: (token: Token) => readonly number[]) =>
    meanShare(
      weights,
      written.map((token) => (token.special ? [] : of(token))),
    );
  const copied = rows(({ id }) => source.flatMap((key, at) => (key.id === id && !key.special ? [at] : [])));
  if (copied !== undefined) found.copied = copied;
  const monotonic = readingOrder(weights, written.length);
  if (monotonic !== undefined) found.monotonic = monotonic;
  const fields = isoDate(targetText);
  const spans = fields && dateSpans(text, fields);
  for (const [name, own] of Object.entries(fields ?? {}) as [DateField, { readonly at: CharSpan }][]) {
    if (!spans) break;
    const keys = source.flatMap((token, at) => (isWithin(token, spans[name]) ? [at] : []));
    const share = rows((token) => (isWithin(token, own.at) ? keys : []));
    if (share !== undefined) found[name] = share;
  }
  return found;
}

function isWithin(token: Token, [start, end]: CharSpan): boolean {
  return hasSpan(token) && token.start >= start && token.end <= end && token.end > token.start;
}

/** Mean over the rows that have keys of the weight on them. */
function meanShare({ dims, data }: Tensor, keysOf: readonly (readonly number[])[]): number | undefined {
  const nKeys = dims[1] ?? 0;
  const rows = keysOf.flatMap((keys, row) =>
    keys.length > 0 ? [keys.reduce((sum, key) => sum + data[row * nKeys + key]!, 0)] : [],
  );
  return rows.length > 0 ? rows.reduce((sum, share) => sum + share, 0) / rows.length : undefined;
}

/** Pearson's correlation of the row's index with the mean index of the keys, weighted; none where either never changes. */
function readingOrder({ dims, data }: Tensor, nRows: number): number | undefined {
  const nKeys = dims[1] ?? 0;
  const places = Array.from({ length: nRows }, (_, row) => {
    let place = 0;
    for (let key = 0; key < nKeys; key++) place += key * data[row * nKeys + key]!;
    return place;
  });
  const mean = places.reduce((sum, place) => sum + place, 0) / nRows;
  const middle = (nRows - 1) / 2;
  let both = 0;
  let ofRows = 0;
  let ofPlaces = 0;
  places.forEach((place, row) => {
    both += (row - middle) * (place - mean);
    ofRows += (row - middle) ** 2;
    ofPlaces += (place - mean) ** 2;
  });
  return ofRows > 0 && ofPlaces > 1e-9 ? both / Math.sqrt(ofRows * ofPlaces) : undefined;
}
