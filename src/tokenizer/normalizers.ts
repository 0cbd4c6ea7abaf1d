import {
  filterCharacters,
  prepend,
  replaceRanges,
  respell,
  transform,
  type AlignedText,
} from "./alignedText";
import { BYTE_CHARACTERS, utf8Of } from "./byteAlphabet";
import { HAS_CHINESE, whiteSpaceEnd, whiteSpaceStart } from "./characters";
import { applyCharsmap, parseCharsmap } from "./charsmap";
import { malformedTokenizer, unsupportedTokenizer } from "./errors";
import { Fields } from "./fields";
import { parsePattern } from "./pattern";
import { stretchesOf } from "./splits";
import { ACCENT, DIRT, MARK } from "./referenceUnicode";
import { normalizeForm, type UnicodeForm } from "./unicodeForms";

export type Normalizer = (text: AlignedText) => AlignedText;

/** The `normalizer` of tokenizer.json as a function; what it does to the text is the reference library's doing, spans included. */
export function parseNormalizer(value: unknown, where = "normalizer", depth = 0): Normalizer {
  if (value === null || value === undefined) return (text) => text;
  if (depth > MAX_DEPTH) throw malformedTokenizer(where, `is nested deeper than ${MAX_DEPTH} levels`);
  const fields = Fields.of(value, where);
  const type = fields.string("type");
  switch (type) {
    case "Sequence": {
      const steps = fields
        .array("normalizers")
        .map((step, i) => parseNormalizer(step, `${where}.normalizers[${i}]`, depth + 1));
      return (text) => steps.reduce((result, step) => limited(step(result), text), text);
    }
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return (text) => normalizeForm(text, type satisfies UnicodeForm);
    case "Lowercase":
      return lowercase;
    case "Strip":
      return stripped(fields.boolean("strip_left"), fields.boolean("strip_right"));
    case "StripAccents":
      return (text) => without(text, MARK);
    case "Prepend": {
      const prefix = fields.shortString("prepend");
      return (text) => prepend(text, prefix);
    }
    case "Replace":
      return replacing(fields);
    case "Precompiled":
      return precompiled(fields);
    case "BertNormalizer":
      return bert(fields);
    case "Nmt":
      return nmt;
    case "ByteLevel":
      return byteLevel;
    default:
      throw unsupportedTokenizer(`the normalizer ${JSON.stringify(type)}`);
  }
}

export const MAX_DEPTH = 32;

/** No real normaliser makes a text a hundred times longer (the longest, U+FDFA in NFKC, 18 times); a chain of replacements can. */
function limited(result: AlignedText, source: AlignedText): AlignedText {
  if (result.text.length > 100 * source.text.length + 10_000) {
    throw unsupportedTokenizer(
      `a normaliser that makes ${result.text.length} characters of ${source.text.length}`,
    );
  }
  return result;
}

/** Lower case character by character: no final sigma, and İ becomes i with a dot above. */
export function lowercase(text: AlignedText): AlignedText {
  const lower = text.text.replaceAll("Σ", "σ").toLowerCase();
  if (lower.length === text.text.length) return respell(text, lower);
  const characters: string[] = [];
  const changes: number[] = [];
  for (const character of text.text) {
    let change = 0;
    for (const part of character.toLowerCase()) {
      characters.push(part);
      changes.push(change);
      change = 1;
    }
  }
  return transform(text, characters, changes);
}

/** Each byte of the UTF-8 form as one character of the byte-level alphabet, with the span of its character. */
export function byteLevel(text: AlignedText): AlignedText {
  const characters: string[] = [];
  const changes: number[] = [];
  for (const character of text.text) {
    let change = 0;
    for (const byte of utf8Of(character.codePointAt(0)!)) {
      characters.push(BYTE_CHARACTERS[byte]!);
      changes.push(change);
      change = 1;
    }
  }
  return transform(text, characters, changes);
}

function without(text: AlignedText, unwanted: RegExp): AlignedText {
  return unwanted.test(text.text) ? filterCharacters(text, (character) => !unwanted.test(character)) : text;
}

function stripped(left: boolean, right: boolean): Normalizer {
  return (text) => {
    const { length } = text.text;
    const start = left ? whiteSpaceEnd(text.text, 0) : 0;
    const end = right ? whiteSpaceStart(text.text, start, length) : length;
    const ranges = [[0, start] as const, [end, length] as const].filter(([from, to]) => from < to);
    return replaceRanges(text, ranges, "");
  };
}

function replacing(fields: Fields): Normalizer {
  const pattern = parsePattern(fields);
  const content = fields.shortString("content");
  if (!pattern) return (text) => text;
  return (text) => {
    const ranges: [number, number][] = [];
    for (const { start, end, isMatch } of stretchesOf(text.text, pattern)) {
      if (isMatch) ranges.push([start, end]);
    }
    return replaceRanges(text, ranges, content);
  };
}

function precompiled(fields: Fields): Normalizer {
  const encoded = fields.get("precompiled_charsmap") ?? "";
  const bytes = typeof encoded === "string" ? decodeBase64(encoded) : null;
  if (!bytes) throw fields.wrong("precompiled_charsmap", "base64 text");
  if (bytes.length === 0) return (text) => text;
  const charsmap = parseCharsmap(bytes);
  if (!charsmap) {
    throw malformedTokenizer(`${fields.where}.precompiled_charsmap`, "does not hold a character map");
  }
  return (text) => applyCharsmap(text, charsmap);
}

function bert(fields: Fields): Normalizer {
  const clean = fields.boolean("clean_text", true);
  const spaceChinese = fields.boolean("handle_chinese_chars", true);
  const lower = fields.boolean("lowercase", true);
  const stripAccents = fields.boolean("strip_accents", lower);
  return (text) => {
    let result = text;
    if (clean) result = cleaned(result);
    if (spaceChinese && HAS_CHINESE.test(result.text)) result = chineseSpaced(result);
    if (stripAccents) {
      result = without(normalizeForm(result, "NFD"), ACCENT);
    }
    return lower ? lowercase(result) : result;
  };
}

function cleaned(text: AlignedText): AlignedText {
  const kept = without(text, DIRT);
  return respell(kept, kept.text.replace(/\p{White_Space}/gu, " "));
}

function chineseSpaced(text: AlignedText): AlignedText {
  const characters: string[] = [];
  const changes: number[] = [];
  for (const character of text.text) {
    if (HAS_CHINESE.test(character)) {
      characters.push(" ", character, " ");
      changes.push(0, 1, 1);
    } else {
      characters.push(character);
      changes.push(0);
    }
  }
  return transform(text, characters, changes);
}

const NMT_DROPPED = /[\u0001-\u0008\u000B\u000E-\u001F\u007F\u008F\u009F]/;
const NMT_BLANK = /[\t\n\f\r\u1680\u200B-\u200F\u2028\u2029\u2581\uFEFF\uFFFD]/g;

function nmt(text: AlignedText): AlignedText {
  const kept = without(text, NMT_DROPPED);
  return respell(kept, kept.text.replace(NMT_BLANK, " "));
}

/** The bytes of base64 text; null where it is not base64. */
function decodeBase64(text: string): Uint8Array | null {
  const digits = text.replace(/=+$/, "");
  const bytes = new Uint8Array(Math.floor((digits.length * 6) / 8));
  let bits = 0;
  let nBits = 0;
  let write = 0;
  for (let i = 0; i < digits.length; i++) {
    const value = BASE64_VALUES[digits.charCodeAt(i)] ?? -1;
    if (value < 0) return null;
    bits = ((bits << 6) | value) & 0xffffff;
    nBits += 6;
    if (nBits >= 8) {
      nBits -= 8;
      bytes[write++] = bits >> nBits;
    }
  }
  return bytes;
}

const BASE64_VALUES = new Int8Array(128).fill(-1);
for (const [value, digit] of [
  ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
].entries()) {
  BASE64_VALUES[digit.charCodeAt(0)] = value;
}
