import { toRegExp } from "oniguruma-to-es";
import type { HeadlightError } from "../core/errors";
import { refusedPattern, unsupportedTokenizer } from "./errors";
import type { Fields } from "./fields";
import { isExponential } from "./patternCost";

/** A `pattern` of tokenizer.json ({"String": …} or {"Regex": …}); null where it never matches. */
export function parsePattern(owner: Fields): RegExp | null {
  const value = owner.get("pattern");
  if (typeof value === "string") return literal(value);
  const pattern = owner.object("pattern");
  if (pattern.has("String")) return literal(pattern.string("String"));
  if (pattern.has("Regex")) return fromOniguruma(pattern.string("Regex"));
  throw unsupportedTokenizer(
    `a pattern at ${pattern.where} that is neither a string nor a regular expression`,
  );
}

/** A global JavaScript expression that matches what the reference library's engine (Oniguruma) matches. */
export function fromOniguruma(source: string): RegExp | null {
  if (source === "") return null;
  const known = tried.get(source) ?? attempt(source);
  if (tried.size >= 100) tried.clear();
  tried.set(source, known);
  if (known instanceof RegExp) return known;
  throw known;
}

/** Those that were tried before, refused ones too: trying one takes tens of milliseconds. */
const tried = new Map<string, RegExp | HeadlightError>();

function attempt(source: string): RegExp | HeadlightError {
  if (source.length > MAX_LENGTH) return refusedPattern(source, `is ${source.length} characters long`);
  const pattern = translateWithCase(source);
  if (!(pattern instanceof RegExp)) return pattern;
  return isExponential(pattern, source)
    ? refusedPattern(source, "needs ages for short texts (it backtracks)")
    : pattern;
}

/** The longest split pattern found on the hub has under 3,000 characters. */
const MAX_LENGTH = 20_000;

function translateWithCase(source: string): RegExp | HeadlightError {
  const spelledOut = withReferenceWords(source);
  try {
    return translate(HAS_IGNORE_CASE.test(source) ? NEVER + spelledOut : spelledOut);
  } catch {
    return translateOrRefuse(spelledOut, source);
  }
}

/**
 * Regular expressions of a file's stages that may match less than in the reference: where case is ignored, Oniguruma
 * takes "ss" for "ß" and "fi" for "ﬁ", JavaScript does not.
 */
export function inexactPatterns(stage: unknown, depth = 0): string[] {
  if (typeof stage !== "object" || stage === null || depth > 100) return [];
  return Object.entries(stage).flatMap(([name, value]) => {
    if (name !== "Regex" || typeof value !== "string") return inexactPatterns(value, depth + 1);
    return FOLDS_LETTERS_TOGETHER.test(value.replace(/\[(?:\\.|[^\]\\])*\]/g, "")) ? [value] : [];
  });
}

const FOLDS_LETTERS_TOGETHER = /\(\?[a-z]*i[^)]*(?:ss|ff|fi|fl|st|[ßﬀ-ﬆ])/i;

const HAS_IGNORE_CASE = /\(\?[a-z]*i/;

/**
 * An alternative that never matches but has a letter of one case: with it the translation spells (?i:…) out in place.
 * Without, it may set the flag i for the whole expression, and then \p{L} also matches marks such as U+0345.
 */
const NEVER = "(?!)a|";

function translateOrRefuse(spelledOut: string, source: string): RegExp | HeadlightError {
  try {
    return translate(spelledOut);
  } catch (error) {
    return refusedPattern(source, `cannot be translated (${error instanceof Error ? error.message : error})`);
  }
}

function translate(source: string): RegExp {
  return toRegExp(source, { global: true, target: "ES2024" });
}

function literal(text: string): RegExp | null {
  if (text.length > MAX_LENGTH) throw refusedPattern(text, `is ${text.length} characters long`);
  return text === "" ? null : new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), "gv");
}

/** \\w of Oniguruma inside a character class; outside it also takes the superscripts and fractions of Latin-1. */
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";
const WORD_OUTSIDE = `${WORD}²³¹¼-¾`;
const IS_WORD = `[${WORD_OUTSIDE}]`;
const OUTSIDE: Readonly<Record<string, string>> = {
  w: IS_WORD,
  W: `[^${WORD_OUTSIDE}]`,
  b: `(?:(?<=${IS_WORD})(?!${IS_WORD})|(?<!${IS_WORD})(?=${IS_WORD}))`,
  B: `(?:(?<=${IS_WORD})(?=${IS_WORD})|(?<!${IS_WORD})(?!${IS_WORD}))`,
};
const INSIDE: Readonly<Record<string, string>> = { w: WORD, W: `[^${WORD}]` };

/** Spells out \\w, \\W, \\b, \\B and \\p{Word}, which the translation takes for letters, marks and all numbers. */
function withReferenceWords(source: string): string {
  let result = "";
  let depth = 0;
  for (let at = 0; at < source.length;) {
    const character = source[at]!;
    if (character === "\\") {
      const property = /^\\([pP])\{(\^?)word\}/i.exec(source.slice(at, at + 10));
      const negated = property && (property[1] === "P") !== (property[2] === "^");
      const letter = property ? (negated ? "W" : "w") : (source[at + 1] ?? "");
      const length = property ? property[0].length : 2;
      result += (depth > 0 ? INSIDE : OUTSIDE)[letter] ?? source.slice(at, at + length);
      at += length;
      continue;
    }
    if (character === "[") {
      depth++;
      const opening = /^\[\^?\]?/.exec(source.slice(at, at + 3))![0];
      result += opening;
      at += opening.length;
      continue;
    }
    if (character === "]" && depth > 0) depth--;
    result += character;
    at++;
  }
  return result;
}
