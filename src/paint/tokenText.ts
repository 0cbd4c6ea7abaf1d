import type { Token } from "../core/token";
import { writtenCharacter } from "./writtenBytes";

/** One label for each token: white space made visible, tokens that share a span numbered ("🙂 1/3"). */
export function tokenLabels(tokens: readonly Token[]): string[] {
  return tokens.map((_, index) => {
    const { text, part } = shownToken(tokens, index);
    return part ? `${text} ${part.number}/${part.of}` : text;
  });
}

/** What a token shows, and which part of it the token is where several make it together. */
export function shownToken(
  tokens: readonly Token[],
  index: number,
): { readonly text: string; readonly part?: { readonly number: number; readonly of: number } } {
  const written = writtenCharacter(tokens, index);
  if (written) return { text: showWhiteSpace(written.text), part: written };
  const part = sharedPart(tokens, index);
  return { text: visibleText(tokens[index]!), ...(part && { part }) };
}

/** One label for tokens that share a row or a column; what several of them share a span of is written once. */
export function groupLabel(tokens: readonly Token[], indices: readonly number[]): string {
  return indices
    .filter((index) => tokens[index])
    .map((index) => shownToken(tokens, index))
    .filter(({ part }, at) => !part || at === 0 || part.number === 1)
    .map(({ text }) => text)
    .join("");
}

/** The text of a token with spaces, line ends and tabs as signs; the vocabulary entry where there is no text. */
export function visibleText(token: Token): string {
  const text = token.text === "" ? token.piece : token.text;
  return text === "" ? "∅" : showWhiteSpace(text);
}

export function showWhiteSpace(text: string): string {
  return text
    .replaceAll("\r\n", "⏎")
    .replaceAll("\n", "⏎")
    .replaceAll("\r", "␍")
    .replaceAll("\t", "⇥")
    .replace(/[ \u00a0\u2000-\u200a\u202f\u3000]/gu, "·")
    .replace(lone, (sign) => `U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`);
}

/** Controls, and invisible or direction-changing signs when they stand alone; inside a token they shape its text. */
const lone = /^[\p{Cc}\p{Cf}\p{Cs}]$/u;

/** Which part of a shared span a token is, or nothing where it has a span of its own. */
function sharedPart(
  tokens: readonly Token[],
  index: number,
): { readonly number: number; readonly of: number } | undefined {
  const token = tokens[index];
  if (!token || token.start < 0 || token.end === token.start) return undefined;
  const shares = (other: Token | undefined) => other?.start === token.start && other.end === token.end;
  let first = index;
  while (shares(tokens[first - 1])) first--;
  let last = index;
  while (shares(tokens[last + 1])) last++;
  return last > first ? { number: index - first + 1, of: last - first + 1 } : undefined;
}

/** At most `columns` wide (a CJK character or an emoji counts two); the end gives way to "…". */
export function shorten(label: string, columns: number): string {
  if (displayColumns(label) <= columns) return label;
  let kept = "";
  let width = 1;
  for (const { segment } of segmenter.segment(label)) {
    width += segmentColumns(segment);
    if (width > columns) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** How wide a monospaced font sets the text, in columns. */
export function displayColumns(label: string): number {
  let columns = 0;
  for (const { segment } of segmenter.segment(label)) columns += segmentColumns(segment);
  return columns;
}

/** Advance of one column in a monospaced font, in em. */
export const columnEm = 0.602;

/** Pixels that the longest of the labels takes at a size in pixels, each cut to `most` columns. */
export function labelsWidth(labels: readonly string[], size: number, most: number): number {
  const columns = labels.reduce((longest, label) => Math.max(longest, displayColumns(label)), 1);
  return Math.min(columns, most) * size * columnEm;
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const wide =
  /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u;

function segmentColumns(segment: string): number {
  return wide.test(segment) ? 2 : 1;
}
