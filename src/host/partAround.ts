import { hasSpan, type CharOffset, type Token } from "../core/token";
import { charactersAround } from "./textToInspect";

/** Which part of a text fits: offsets in it, end exclusive. */
export interface Part {
  readonly start: CharOffset;
  readonly end: CharOffset;
}

/** More characters than this stand for one token nowhere but in blanks and repetitions. */
const CHARACTERS_PER_TOKEN = 10;

/**
 * The part of `text` around the cursor that is at most `limit` tokens, special ones included. A part may tokenise
 * differently from the whole, so it is tokenised again and cut down until it fits.
 */
export async function partAround(
  text: string,
  cursor: CharOffset,
  limit: number,
  tokenize: (text: string) => Promise<readonly Token[]>,
): Promise<Part> {
  let part = wholeCodePoints(
    text,
    charactersAround({ start: 0, end: text.length }, cursor, limit * CHARACTERS_PER_TOKEN),
  );
  let allowed = limit;
  // Each round cuts by at least as much as the last was over; two suffice but for texts made to defy it.
  for (let round = 0; round < 8; round++) {
    const tokens = await tokenize(text.slice(part.start, part.end));
    if (tokens.length <= limit) return part;
    allowed = Math.min(allowed, limit - tokens.filter((token) => !hasSpan(token)).length);
    part = tokensAround(tokens, part.start, cursor, Math.max(1, allowed));
    allowed -= 1;
  }
  return part;
}

/** The span of `count` tokens around the one at the cursor; `offset` is where their text starts. */
function tokensAround(tokens: readonly Token[], offset: CharOffset, cursor: CharOffset, count: number): Part {
  const spans = tokens.filter(hasSpan);
  const found = spans.findIndex((token) => offset + token.end > cursor);
  const at = found < 0 ? spans.length - 1 : found;
  const first = Math.max(0, Math.min(at - Math.floor(count / 2), spans.length - count));
  const last = Math.min(spans.length, first + count) - 1;
  return { start: offset + (spans[first]?.start ?? 0), end: offset + (spans[last]?.end ?? 0) };
}

/** A surrogate pair at an edge is taken whole. */
function wholeCodePoints(text: string, { start, end }: Part): Part {
  return {
    start: isSecondHalf(text, start) ? start - 1 : start,
    end: isSecondHalf(text, end) ? end - 1 : end,
  };
}

function isSecondHalf(text: string, offset: CharOffset): boolean {
  const unit = text.charCodeAt(offset);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
