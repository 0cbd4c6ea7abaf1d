import type { Token } from "../core/token";

/** A character that several byte tokens make together, and which of them one is. */
export interface CharacterPart {
  readonly text: string;
  readonly number: number;
  readonly of: number;
}

const byteToken = /^<0x([0-9A-F]{2})>$/;

/**
 * Of a byte token that a model wrote, which has no place in a text: the UTF-8 character (RFC 3629, § 3) that it makes
 * with its neighbours. Nothing where they make none.
 */
export function writtenCharacter(tokens: readonly Token[], index: number): CharacterPart | undefined {
  if (byteAt(tokens, index) === undefined) return undefined;
  for (let back = 0; back < 4; back++) {
    const first = byteAt(tokens, index - back);
    if (first === undefined) return undefined;
    if (isContinuation(first)) continue;
    const of = lengthFrom(first);
    const bytes = Array.from({ length: of }, (_, at) => byteAt(tokens, index - back + at));
    if (of < 2 || back >= of || !bytes.slice(1).every((byte) => byte !== undefined && isContinuation(byte)))
      return undefined;
    const bits = bytes
      .slice(1)
      .reduce<number>((sum, byte) => sum * 64 + (byte! & 0x3f), first & (0x7f >> of));
    return isCharacter(bits, of) ? { text: String.fromCodePoint(bits), number: back + 1, of } : undefined;
  }
  return undefined;
}

function byteAt(tokens: readonly Token[], index: number): number | undefined {
  const token = tokens[index];
  const hex = token && token.start < 0 ? byteToken.exec(token.text)?.[1] : undefined;
  return hex === undefined ? undefined : parseInt(hex, 16);
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte < 0xc0;
}

function lengthFrom(first: number): number {
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 1;
}

/** No surrogate, nothing beyond Unicode, nothing that fewer bytes would have said. */
function isCharacter(code: number, length: number): boolean {
  const least = [0, 0, 0x80, 0x800, 0x10000][length]!;
  return code >= least && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
}
