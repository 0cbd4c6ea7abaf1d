/** Character classes as the reference library (Rust) has them; JavaScript's \s and \w differ. */
const WHITE_SPACE = /\p{White_Space}/u;

/** Where the white space that ends at `end` begins, `from` at the earliest. */
export function whiteSpaceStart(text: string, from: number, end: number): number {
  let start = end;
  while (start > from && WHITE_SPACE.test(text[start - 1]!)) start--;
  return start;
}

/** Where the white space that begins at `start` ends. */
export function whiteSpaceEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && WHITE_SPACE.test(text[end]!)) end++;
  return end;
}

/** \w of Rust's regex crate. */
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";
export const STARTS_WITH_WORD = new RegExp(`^[${WORD}]`, "u");
export const ENDS_WITH_WORD = new RegExp(`[${WORD}]$`, "u");
export const WORDS_OR_SYMBOLS = new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, "gu");

export const EACH_NUMERIC = /\p{N}/gu;
export const EACH_WHITE_SPACE = /\p{White_Space}/gu;

/** Unicode blocks that BERT surrounds with blanks (CJK ideographs, not kana or Hangul). */
export const HAS_CHINESE =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/u;
