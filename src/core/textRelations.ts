import { hasSpan, type Token } from "./token";

/** What the text says about its tokens, for statistics of self-attention. All indices are token indices. */
export interface TextRelations {
  /** For each token, the tokens that hold the openings of the brackets and quotes that it closes, in order. */
  readonly openings: readonly (readonly number[])[];
  /** For each token, the token that opens the innermost bracket around it, or its string; -1 outside. What closes them is outside again. */
  readonly insideBracket: readonly number[];
  readonly insideQuote: readonly number[];
  /** For each token, the first token of its word; itself where it begins one or belongs to none. */
  readonly wordStart: readonly number[];
  /** Tokens of punctuation alone, in order. */
  readonly delimiters: readonly number[];
  /** Tokens that hold a line break, in order. */
  readonly newlines: readonly number[];
}

export function textRelations(tokens: readonly Token[]): TextRelations {
  const where = (test: (token: Token) => boolean) =>
    tokens.flatMap((token, index) => (!token.special && test(token) ? [index] : []));
  const pairs = pairsOf(tokens);
  return {
    openings: openingsOf(tokens.length, pairs),
    insideBracket: insideOf(
      tokens.length,
      pairs.filter(({ sign }) => !quotes.has(sign)),
    ),
    insideQuote: insideOf(
      tokens.length,
      pairs.filter(({ sign }) => quotes.has(sign)),
    ),
    wordStart: wordStarts(tokens),
    delimiters: where(({ text }) => /^\s*[\p{P}\p{S}]+\s*$/u.test(text)),
    newlines: where(({ text }) => /[\r\n]/.test(text)),
  };
}

const closes: Readonly<Record<string, string>> = {
  ")": "(",
  "]": "[",
  "}": "{",
  "）": "（",
  "」": "「",
  "”": "“",
};
const opens = new Set(Object.values(closes));
const quotes = new Set(['"', "'", "`", "“", "「"]);

/** An opening and what closes it, in two tokens. */
interface Pair {
  readonly sign: string;
  readonly open: number;
  readonly close: number;
}

function openingsOf(nTokens: number, pairs: readonly Pair[]): number[][] {
  const found: number[][] = Array.from({ length: nTokens }, () => []);
  for (const { open, close } of pairs) if (!found[close]!.includes(open)) found[close]!.push(open);
  return found;
}

/** Only what is closed encloses: an apostrophe that looks like a quote opens nothing. */
function insideOf(nTokens: number, pairs: readonly Pair[]): number[] {
  const inside = new Array<number>(nTokens).fill(-1);
  // From the outermost in.
  for (const { open, close } of [...pairs].sort((a, b) => a.open - b.open))
    inside.fill(open, open + 1, close);
  return inside;
}

/**
 * A bracket closes the nearest open one of its kind. A straight quote closes the same quote before it on the line, an
 * apostrophe inside a word is none.
 */
function pairsOf(tokens: readonly Token[]): Pair[] {
  const found: Pair[] = [];
  let open: { sign: string; index: number }[] = [];
  const close = (sign: string, index: number): boolean => {
    const at = open.findLastIndex((entry) => entry.sign === sign);
    if (at < 0) return false;
    const partner = open[at]!.index;
    if (partner !== index) found.push({ sign, open: partner, close: index });
    open = open.slice(0, at);
    return true;
  };
  tokens.forEach((token, index) => {
    if (token.special || (index > 0 && sharesSpan(token, tokens[index - 1]!))) return;
    [...token.text].forEach((sign, i, signs) => {
      if (opens.has(sign)) open.push({ sign, index });
      else if (closes[sign]) close(closes[sign], index);
      else if (sign === "\n") open = open.filter((entry) => entry.sign !== '"' && entry.sign !== "'");
      else if (sign === '"' || sign === "'" || sign === "`") {
        const before = signs[i - 1] ?? lastSign(tokens[index - 1]);
        const after = signs[i + 1] ?? tokens[index + 1]?.text[0] ?? "";
        if (sign === "'" && isWordSign(before) && isWordSign(after)) return;
        if (!close(sign, index)) open.push({ sign, index });
      }
    });
  });
  return found;
}

/** A word is a run of letters, marks, digits and underscores; scripts that write no spaces have none. */
function wordStarts(tokens: readonly Token[]): number[] {
  const starts: number[] = [];
  tokens.forEach((token, index) => {
    const before = tokens[index - 1];
    const continues =
      before !== undefined &&
      hasSpan(token) &&
      (sharesSpan(token, before) ||
        (before.end === token.start && isWordSign(lastSign(before)) && isWordSign(firstSign(token))));
    starts.push(continues ? starts[index - 1]! : index);
  });
  return starts;
}

const word = /[\p{L}\p{M}\p{N}_]/u;
const spaceless = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

function isWordSign(sign: string): boolean {
  return word.test(sign) && !spaceless.test(sign);
}

function firstSign({ text }: Token): string {
  return [...text][0] ?? "";
}

function lastSign(token: Token | undefined): string {
  return [...(token?.text ?? "")].at(-1) ?? "";
}

function sharesSpan(a: Token, b: Token): boolean {
  return hasSpan(a) && a.start === b.start && a.end === b.end;
}
