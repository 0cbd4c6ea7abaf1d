import { prepend, replaceRanges, slice, type AlignedText } from "./alignedText";
import { EACH_NUMERIC, EACH_WHITE_SPACE, WORDS_OR_SYMBOLS } from "./characters";
import { malformedTokenizer, unsupportedTokenizer } from "./errors";
import { Fields } from "./fields";
import { byteLevel, MAX_DEPTH } from "./normalizers";
import { fromOniguruma, parsePattern } from "./pattern";
import { asReferenceSees, EACH_PUNCTUATION } from "./referenceUnicode";
import { split, stretchesOf, type SplitBehavior, type Stretch } from "./splits";
import { scriptRuns } from "./unicodeScripts";

/** Splits one piece of normalised text into smaller ones. */
export type PreTokenizer = (piece: AlignedText) => AlignedText[];

/** The pre-tokenizer of a file, in steps. `spellsBytes`: the model still has to spell bytes by the byte-level alphabet. */
export interface PreTokenization {
  readonly steps: readonly PreTokenizer[];
  readonly spellsBytes: boolean;
}

/** The `pre_tokenizer` of tokenizer.json. Where spelling bytes comes last it is left to a model that can, which keeps spans implied. */
export function parsePreTokenizer(value: unknown, modelCanSpell: boolean): PreTokenization {
  const steps = flatten(value, "pre_tokenizer", 0);
  const spellsBytes = modelCanSpell && steps.at(-1) === spellBytes;
  return { steps: spellsBytes ? steps.slice(0, -1) : steps, spellsBytes };
}

export function preTokenize(
  pieces: readonly AlignedText[],
  steps: readonly PreTokenizer[],
): readonly AlignedText[] {
  return steps.reduce<readonly AlignedText[]>((current, step) => current.flatMap(step), pieces);
}

function flatten(value: unknown, where: string, depth: number): PreTokenizer[] {
  if (value === null || value === undefined) return [];
  if (depth > MAX_DEPTH) throw malformedTokenizer(where, `is nested deeper than ${MAX_DEPTH} levels`);
  const fields = Fields.of(value, where);
  const type = fields.string("type");
  switch (type) {
    case "Sequence":
      return fields
        .array("pretokenizers")
        .flatMap((step, i) => flatten(step, `${where}.pretokenizers[${i}]`, depth + 1));
    case "ByteLevel":
      return byteLevelSteps(fields);
    case "BertPreTokenizer":
      return [
        splitting((text) => stretchesOf(text, EACH_WHITE_SPACE), "Removed"),
        splitting((text) => stretchesOf(text, EACH_PUNCTUATION), "Isolated"),
      ];
    case "Whitespace":
      return [splitting((text) => stretchesOf(asReferenceSees(text), WORDS_OR_SYMBOLS, true), "Removed")];
    case "WhitespaceSplit":
      return [splitting((text) => stretchesOf(text, EACH_WHITE_SPACE), "Removed")];
    case "Punctuation": {
      const behavior = parseBehavior(fields, "Isolated");
      return [splitting((text) => stretchesOf(text, EACH_PUNCTUATION), behavior)];
    }
    case "Digits": {
      const behavior = fields.boolean("individual_digits", false) ? "Isolated" : "Contiguous";
      return [splitting((text) => stretchesOf(text, EACH_NUMERIC), behavior)];
    }
    case "CharDelimiterSplit": {
      const delimiter = fields.string("delimiter");
      return [splitting((text) => occurrences(text, delimiter), "Removed")];
    }
    case "UnicodeScripts":
      return [splitting(scriptRuns, "Removed")];
    case "Split":
      return [splitByPattern(fields)];
    case "Metaspace":
      return [metaspace(fields)];
    case "FixedLength": {
      const length = fields.count("length", 5);
      if (length === 0) throw fields.wrong("length", "more than 0");
      return [(piece) => chunks(piece, length)];
    }
    default:
      throw unsupportedTokenizer(`the pre-tokenizer ${JSON.stringify(type)}`);
  }
}

/** Spells the bytes of a piece by the byte-level alphabet. */
function spellBytes(piece: AlignedText): AlignedText[] {
  return [byteLevel(piece)];
}

/** The split of GPT-2 (its encoder.py). */
const GPT2_WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

function byteLevelSteps(fields: Fields): PreTokenizer[] {
  const steps: PreTokenizer[] = [];
  if (fields.boolean("add_prefix_space", true)) {
    steps.push((piece) => [piece.text.startsWith(" ") ? piece : prepend(piece, " ")]);
  }
  if (fields.boolean("use_regex", true)) {
    const words = fromOniguruma(GPT2_WORDS)!;
    steps.push(splitting((text) => stretchesOf(asReferenceSees(text), words), "Isolated"));
  }
  return [...steps, spellBytes];
}

function splitByPattern(fields: Fields): PreTokenizer {
  const pattern = parsePattern(fields);
  const behavior = parseBehavior(fields);
  const invert = fields.boolean("invert", false);
  return splitting(
    (text) =>
      pattern
        ? stretchesOf(asReferenceSees(text), pattern, invert)
        : [{ start: 0, end: text.length, isMatch: invert }],
    behavior,
  );
}

function metaspace(fields: Fields): PreTokenizer {
  const replacement = fields.string("replacement");
  if ([...replacement].length !== 1) throw fields.wrong("replacement", "one character");
  const scheme = parsePrependScheme(fields);
  const splits = fields.boolean("split", true);
  return (piece) => {
    const blanks = occurrences(piece.text, " ").filter((stretch) => stretch.isMatch);
    let marked = replaceRanges(
      piece,
      blanks.map(({ start, end }) => [start, end]),
      replacement,
    );
    const atStart = scheme === "always" || (scheme === "first" && piece.shift === 0);
    if (atStart && !marked.text.startsWith(replacement)) marked = prepend(marked, replacement);
    return splits ? split(marked, occurrences(marked.text, replacement), "MergedWithNext") : [marked];
  };
}

/** Files from before tokenizers 0.15 say add_prefix_space instead. */
function parsePrependScheme(fields: Fields): "always" | "first" | "never" {
  const scheme = fields.string("prepend_scheme", "always");
  if (scheme !== "always" && scheme !== "first" && scheme !== "never") {
    throw fields.wrong("prepend_scheme", "always, first or never");
  }
  return fields.boolean("add_prefix_space", true) ? scheme : "never";
}

function parseBehavior(fields: Fields, fallback?: SplitBehavior): SplitBehavior {
  const behavior = fields.string("behavior", fallback);
  switch (behavior) {
    case "Removed":
    case "Isolated":
    case "MergedWithPrevious":
    case "MergedWithNext":
    case "Contiguous":
      return behavior;
    default:
      throw unsupportedTokenizer(`the split behavior ${JSON.stringify(behavior)}`);
  }
}

function splitting(find: (text: string) => Stretch[], behavior: SplitBehavior): PreTokenizer {
  return (piece) => {
    if (!piece.text) return [];
    return split(piece, find(piece.text), behavior);
  };
}

function occurrences(text: string, wanted: string): Stretch[] {
  const stretches: Stretch[] = [];
  let end = 0;
  for (let at = text.indexOf(wanted); at >= 0 && wanted; at = text.indexOf(wanted, end)) {
    if (at > end) stretches.push({ start: end, end: at, isMatch: false });
    end = at + wanted.length;
    stretches.push({ start: at, end, isMatch: true });
  }
  if (end < text.length) stretches.push({ start: end, end: text.length, isMatch: false });
  return stretches;
}

function chunks(piece: AlignedText, length: number): AlignedText[] {
  const pieces: AlignedText[] = [];
  let start = 0;
  let at = 0;
  let nCharacters = 0;
  for (const character of piece.text) {
    at += character.length;
    if (++nCharacters % length === 0) {
      pieces.push(slice(piece, start, at));
      start = at;
    }
  }
  if (start < at) pieces.push(slice(piece, start, at));
  return pieces;
}
