import { emptyText } from "../core/errors";
import type { CharOffset } from "../core/token";
import type { DocumentRange } from "../protocol/viewContract";
import type { DocumentText } from "./documentText";
import { binaryText, tooMuchText } from "./errors";

/**
 * Most characters that are handed to the worker at once: far above any model's context (a token is rarely more than
 * 10 characters), far below what would block the extension host while it is copied.
 */
export const MOST_CHARACTERS = 200_000;

export interface TextToInspect {
  readonly text: string;
  readonly document: DocumentRange;
  /** Where the cursor is, counted from the start of the text; the end of the text when it is elsewhere. */
  readonly cursor: CharOffset;
}

/** A selection as editors have it: empty where it is only a cursor. */
export interface Selected {
  readonly start: CharOffset;
  readonly end: CharOffset;
  readonly cursor: CharOffset;
}

/** The selected text, or the paragraph at the cursor where nothing is selected. Throws where there is nothing to read, or far too much. */
export function textToInspect(document: DocumentText, selected: Selected): TextToInspect {
  const range = rangeToInspect(document, selected);
  const nChars = range.end - range.start;
  if (nChars > MOST_CHARACTERS) throw tooMuchText(nChars, MOST_CHARACTERS);
  return readText(document, range, selected.cursor);
}

/** The range alone, without reading its text. */
export function rangeToInspect(
  document: DocumentText,
  selected: Selected,
): { start: CharOffset; end: CharOffset } {
  if (selected.end > selected.start) return { start: selected.start, end: selected.end };
  const range = paragraphAt(document, document.lineAt(selected.cursor));
  if (!range) throw emptyText();
  return range;
}

/** Text of a range that is known to be of a bearable size. */
export function readText(
  document: DocumentText,
  range: { start: CharOffset; end: CharOffset },
  cursor: CharOffset,
): TextToInspect {
  const text = document.slice(range.start, range.end);
  checkText(text);
  return {
    text,
    document: { uri: document.uri, version: document.version, start: range.start, end: range.end },
    cursor: cursor >= range.start && cursor <= range.end ? cursor - range.start : text.length,
  };
}

/** Throws where a text has nothing to read, is far too long, or is not text. */
export function checkText(text: string): void {
  if (text.length > MOST_CHARACTERS) throw tooMuchText(text.length, MOST_CHARACTERS);
  if (text.trim() === "") throw emptyText();
  if (looksBinary(text)) throw binaryText();
}

/** Lines around `line` up to the next blank ones. On a blank line: the paragraph below it, else the one above. */
export function paragraphAt(
  document: DocumentText,
  line: number,
): { start: CharOffset; end: CharOffset } | undefined {
  const inside = nearestTextLine(document, line);
  if (inside === undefined) return undefined;
  let first = inside;
  let last = inside;
  while (first > 0 && !document.isBlank(first - 1)) first--;
  while (last < document.lineCount - 1 && !document.isBlank(last + 1)) last++;
  return { start: document.lineStart(first), end: document.lineEnd(last) };
}

/** At most `most` characters of a range, with the cursor in the middle, or all of one side where the other is short. */
export function charactersAround(
  range: { start: CharOffset; end: CharOffset },
  cursor: CharOffset,
  most: number,
): { start: CharOffset; end: CharOffset } {
  if (range.end - range.start <= most) return range;
  const start = Math.max(range.start, Math.min(cursor - Math.floor(most / 2), range.end - most));
  return { start, end: start + most };
}

function nearestTextLine(document: DocumentText, line: number): number | undefined {
  for (let below = line; below < document.lineCount; below++) if (!document.isBlank(below)) return below;
  for (let above = line - 1; above >= 0; above--) if (!document.isBlank(above)) return above;
  return undefined;
}

/** A NUL, or more than one character in ten that no encoding could read (U+FFFD): how editors show bytes that are not text. */
function looksBinary(text: string): boolean {
  if (text.includes("\0")) return true;
  let unreadable = 0;
  for (let at = text.indexOf("\uFFFD"); at >= 0; at = text.indexOf("\uFFFD", at + 1)) unreadable++;
  return unreadable > text.length / 10;
}
