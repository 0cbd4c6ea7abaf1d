import { isHighSurrogate, transform, type AlignedText } from "./alignedText";
import { utf8Of } from "./byteAlphabet";
import { malformedTokenizer } from "./errors";

/** The normaliser of SentencePiece, compiled into a file: a prefix tree over UTF-8 and what its leaves become. */
export interface Charsmap {
  /** What `chunk` becomes; null where it stays. */
  lookUp(chunk: string): string | null;
}

/**
 * Reads `precompiled_charsmap`: u32 size of the tree in bytes, the tree as little-endian u32 units
 * (a double array as in the Darts library), then the replacements, each ended by a zero byte.
 * null where the lengths disagree.
 */
export function parseCharsmap(bytes: Uint8Array): Charsmap | null {
  if (bytes.length < 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const treeBytes = view.getUint32(0, true);
  if (treeBytes % 4 !== 0 || treeBytes === 0 || 4 + treeBytes > bytes.length) return null;
  const units = new Uint32Array(treeBytes / 4);
  for (let i = 0; i < units.length; i++) units[i] = view.getUint32(4 + 4 * i, true);
  const replacements = bytes.subarray(4 + treeBytes);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const known = new Map<string, string | null>();

  const find = (chunk: string): string | null => {
    const leaf = shortestPrefix(units, chunk);
    if (leaf < 0 || leaf > replacements.length) return null;
    const end = replacements.indexOf(0, leaf);
    if ((end < 0 ? replacements.length : end) - leaf > MAX_REPLACEMENT) {
      throw malformedTokenizer("precompiled_charsmap", `has a replacement of over ${MAX_REPLACEMENT} bytes`);
    }
    return decoder.decode(replacements.subarray(leaf, end < 0 ? replacements.length : end));
  };
  return {
    lookUp(chunk) {
      let result = known.get(chunk);
      if (result === undefined) {
        result = find(chunk);
        known.set(chunk, result);
      }
      return result;
    },
  };
}

/** Applies the map grapheme by grapheme, as the reference library does: graphemes of up to 5 bytes whole, others by character. */
export function applyCharsmap(aligned: AlignedText, charsmap: Charsmap): AlignedText {
  const characters: string[] = [];
  const changes: number[] = [];
  let modified = false;
  const replace = (part: string, replacement: string) => {
    modified = true;
    let nNew = 0;
    for (const character of replacement) {
      characters.push(character);
      changes.push(0);
      nNew++;
    }
    const difference = nNew - countCharacters(part);
    for (let i = 1; i <= difference; i++) changes[changes.length - i] = 1;
    if (difference < 0 && changes.length > 0) changes[changes.length - 1]! += difference;
  };
  const one = (character: string) => {
    const replacement = charsmap.lookUp(character);
    if (replacement !== null) replace(character, replacement);
    else {
      characters.push(character);
      changes.push(0);
    }
  };
  for (const grapheme of graphemes(aligned.text)) {
    if (isSingle(grapheme)) one(grapheme);
    else {
      const replacement = utf8Length(grapheme) < 6 ? charsmap.lookUp(grapheme) : null;
      if (replacement !== null) replace(grapheme, replacement);
      else for (const character of grapheme) one(character);
    }
  }
  return modified ? transform(aligned, characters, changes) : aligned;
}

/** The longest in NFKC, for U+FDFA, has 33. */
const MAX_REPLACEMENT = 500;

const LEAF = 0x100;

/** Where the replacement of the shortest mapped prefix begins, -1 without one. */
function shortestPrefix(units: Uint32Array, chunk: string): number {
  let node = 0;
  node ^= offsetOf(units[0]!);
  for (const character of chunk) {
    for (const byte of utf8Of(character.codePointAt(0)!)) {
      if (byte === 0) return -1;
      node ^= byte;
      const unit = units[node];
      if (unit === undefined || (unit & 0x800000ff) !== byte) return -1;
      node ^= offsetOf(unit);
      if (unit & LEAF) {
        const leaf = units[node];
        return leaf === undefined ? -1 : leaf & 0x7fffffff;
      }
    }
  }
  return -1;
}

function offsetOf(unit: number): number {
  return ((unit >>> 10) << ((unit & 0x200) >>> 6)) >>> 0;
}

declare const Intl: {
  Segmenter: new (
    locale?: string,
    options?: { granularity: "grapheme" },
  ) => { segment(text: string): Iterable<{ segment: string }> };
};

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * Where a grapheme of several characters and under 6 bytes can be: a line end, or characters that join others with
 * their neighbours. (Segmenting the whole text instead takes time quadratic in it: 46 s for 200,000 units.)
 */
const JOINING = "\\p{M}\\p{Cf}\\p{Lm}\\p{Sk}\\u0D4E\\u0E33\\u0EB3";
const WINDOWS = new RegExp(
  `\\r\\n|[^\\r${JOINING}]?[${JOINING}]+(?:[^\\r${JOINING}](?![${JOINING}]))?`,
  "gu",
);

function* graphemes(text: string): Iterable<string> {
  let end = 0;
  for (const window of text.matchAll(WINDOWS)) {
    yield* text.slice(end, window.index);
    for (const { segment } of segmenter.segment(window[0])) yield segment;
    end = window.index + window[0].length;
  }
  yield* text.slice(end);
}

function isSingle(grapheme: string): boolean {
  return grapheme.length === 1 || (grapheme.length === 2 && isHighSurrogate(grapheme.charCodeAt(0)));
}

function countCharacters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += isHighSurrogate(text.charCodeAt(at)) ? 2 : 1) count++;
  return count;
}

function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) length += utf8Of(character.codePointAt(0)!).length;
  return length;
}
