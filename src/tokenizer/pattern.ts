import { toRegExp } from "oniguruma-to-es";
import { refusedPattern, unsupportedTokenizer } from "./errors";
import type { Fields } from "./fields";

/** A `pattern` of tokenizer.json ({"String": …} or {"Regex": …}) as a global expression; null where it never matches. */
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
  let translated: RegExp;
  try {
    translated = toRegExp(source, { global: true, target: "ES2024" });
  } catch (error) {
    throw refusedPattern(source, `cannot be translated (${error instanceof Error ? error.message : error})`);
  }
  return translated;
}

function literal(text: string): RegExp | null {
  return text === "" ? null : new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), "gv");
}
