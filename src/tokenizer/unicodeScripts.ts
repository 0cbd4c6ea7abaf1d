import type { Stretch } from "./splits";
import { OTHER_SCRIPTS, SCRIPT_NAMES, WITHOUT_SCRIPT } from "./unicodeScriptsTable";

/**
 * Runs of one script, as stretches that do not match. Blanks and characters without a script go to the run before
 * them; where no run is before them they match: the reference drops them.
 */
export function scriptRuns(text: string): Stretch[] {
  const runs: Stretch[] = [];
  let start = 0;
  let script = ANY;
  let at = 0;
  for (const character of text) {
    const own = scriptOf(character);
    if (own !== ANY && own !== script) {
      if (at > start) runs.push({ start, end: at, isMatch: script === ANY });
      start = at;
      script = own;
    }
    at += character.length;
  }
  if (at > start) runs.push({ start, end: at, isMatch: script === ANY });
  return runs;
}

/** Of blanks and characters without a script. */
const ANY = -1;

/** An index into SCRIPT_NAMES, or ANY. */
function scriptOf(character: string): number {
  const codePoint = character.codePointAt(0)!;
  let script = known.get(codePoint);
  if (script === undefined) {
    script = findScript(character);
    known.set(codePoint, script);
  }
  return script;
}

const known = new Map<number, number>();

function findScript(character: string): number {
  if (character === " " || without().test(character)) return ANY;
  const other = OTHER_SCRIPTS[character];
  if (other) return SCRIPT_NAMES.indexOf(other);
  const script = all().findIndex((expression) => expression.test(character));
  return AS_HAN.has(SCRIPT_NAMES[script] ?? "") ? HAN : script;
}

const HAN = SCRIPT_NAMES.indexOf("Han");
const AS_HAN = new Set(["Hiragana", "Katakana"]);

const without = once(() => new RegExp(`[${WITHOUT_SCRIPT}]`, "u"));
const all = once(() => SCRIPT_NAMES.map((name) => new RegExp(`\\p{Script=${name}}`, "u")));

/** Made when a tokenizer first asks: few do. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
