import type { MatrixQuery, Slices, ThumbnailQuery } from "./slices";

/**
 * What a page will ask of a run first. Asked along with the inspection, the answer comes with the summary: the page
 * paints at once, without a way to the worker and back (measured: 120 of 300 ms at 256 tokens).
 */
export type AheadQuestion =
  | { readonly method: "thumbnails"; readonly query: Omit<ThumbnailQuery, "runId"> }
  | { readonly method: "matrix"; readonly query: Omit<MatrixQuery, "runId"> };

export type AheadMethod = AheadQuestion["method"];

/** An answer to a question that nobody had to ask. */
export type AheadAnswer = {
  [K in AheadMethod]: {
    readonly method: K;
    readonly query: object;
    readonly value: Awaited<ReturnType<Slices[K]>>;
  };
}[AheadMethod];

/** Equal for equal questions, in whatever order their fields come, whichever run they are about. */
export function questionKey(method: AheadMethod, query: object): string {
  return JSON.stringify([method, sorted({ ...query, runId: undefined })]);
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(
    entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, part]) => [name, sorted(part)]),
  );
}
