import type { CharOffset } from "../core/token";
import type { DocumentText } from "./documentText";

/** One edit of a document: `length` code units at `offset` gave way to `insertedLength`. */
export interface Edit {
  readonly offset: CharOffset;
  readonly length: number;
  readonly insertedLength: number;
}

/**
 * Where a range is after an edit: moved by edits before it, grown or shrunk by those that touch it (its edges
 * included, so that words typed right after it belong to it), untouched by those behind it.
 */
export function trackRange<R extends { start: CharOffset; end: CharOffset }>(range: R, edit: Edit): R {
  const editEnd = edit.offset + edit.length;
  const growth = edit.insertedLength - edit.length;
  if (edit.offset > range.end) return range;
  if (editEnd < range.start) return { ...range, start: range.start + growth, end: range.end + growth };
  const start = Math.min(range.start, edit.offset);
  const end = Math.max(range.end, editEnd) + growth;
  return { ...range, start, end };
}

/** Whether the document still says `text` in the range; reads nothing where the lengths differ. */
export function stillSays(
  document: DocumentText,
  range: { start: CharOffset; end: CharOffset },
  text: string,
): boolean {
  if (range.end - range.start !== text.length || range.end > document.nChars) return false;
  return document.slice(range.start, range.end) === text;
}

/**
 * Where a document says `text`: at the range if it still does, else at the occurrence nearest to it, else nowhere.
 * For ranges that were kept while nobody followed the edits (a closed window).
 */
export function findText<R extends { start: CharOffset; end: CharOffset }>(
  document: DocumentText,
  range: R,
  text: string,
): R | undefined {
  if (stillSays(document, range, text)) return range;
  const whole = document.slice(0, document.nChars);
  const before = whole.lastIndexOf(text, range.start);
  const after = whole.indexOf(text, range.start);
  if (before < 0 && after < 0) return undefined;
  const isBeforeNearer = after < 0 || (before >= 0 && range.start - before < after - range.start);
  const start = isBeforeNearer ? before : after;
  return { ...range, start, end: start + text.length };
}
