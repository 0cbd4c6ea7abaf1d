import type { Token } from "../token";

/** What encloses each token of code: the token of the innermost open bracket, and of the open quote; -1 outside. */
export interface Enclosing {
  readonly bracket: Int32Array;
  readonly quote: Int32Array;
}

const closingOf: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const quotes = new Set(['"', "'", "`"]);

/**
 * Enclosures as they stand at the end of each token: one that opens or closes belongs to what is around it. For code
 * without comments; a backslash hides the character behind it, brackets inside strings are text.
 */
export function enclosing(text: string, tokens: readonly Token[]): Enclosing {
  const around = charStates(text);
  const owner = new Int32Array(text.length).fill(-1);
  tokens.forEach(({ start, end }, index) => {
    if (start >= 0) owner.fill(index, start, end);
  });
  const enclosed = (which: "bracket" | "quote") =>
    Int32Array.from(tokens, ({ start, end }, index) => {
      const openerAt = (place: number) => {
        const at = start < 0 || end <= start ? -1 : around[which][place]!;
        return at < 0 ? -1 : owner[at]!;
      };
      // What a token opens itself it is not inside of.
      const opener = openerAt(end - 1);
      const outer = opener === index ? openerAt(start) : opener;
      return outer === index ? -1 : outer;
    });
  return { bracket: enclosed("bracket"), quote: enclosed("quote") };
}

/** For each character, where the innermost bracket and the quote around it were opened; of one that closes, around both. */
function charStates(text: string): { bracket: Int32Array; quote: Int32Array } {
  const bracket = new Int32Array(text.length);
  const quote = new Int32Array(text.length);
  const open: number[] = [];
  let quoted = -1;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!;
    const isClosing = quoted < 0 && open.length > 0 && sign === closingOf[text[open.at(-1)!]!];
    if (isClosing) open.pop();
    bracket[at] = open.at(-1) ?? -1;
    quote[at] = quoted >= 0 && sign === text[quoted] ? -1 : quoted;
    if (sign === "\\") {
      // The state goes on over the hidden character.
      if (at + 1 < text.length) {
        bracket[at + 1] = bracket[at]!;
        quote[at + 1] = quoted;
      }
      at++;
    } else if (quoted >= 0) {
      if (sign === text[quoted]) quoted = -1;
    } else if (quotes.has(sign)) quoted = at;
    else if (sign in closingOf) open.push(at);
  }
  return { bracket, quote };
}
