import type { CharOffset } from "../core/token";

/**
 * A piece of normalised text that remembers the source: unit i (UTF-16) stands for source units
 * starts[i] up to ends[i] (exclusive). Both halves of a surrogate pair carry the span of the pair.
 * `starts` and `ends` are null while the text is still the source itself: unit i is source unit shift + i.
 * `shift` is where the piece begins in the source.
 */
export interface AlignedText {
  readonly text: string;
  readonly starts: Int32Array | null;
  readonly ends: Int32Array | null;
  readonly shift: CharOffset;
}

export function fromSource(text: string): AlignedText {
  return { text, starts: null, ends: null, shift: 0 };
}

/** Where unit `unit` begins in the source. */
export function sourceStart(aligned: AlignedText, unit: number): CharOffset {
  return aligned.starts ? aligned.starts[unit]! : aligned.shift + unit;
}

/** Where the stretch that ends before unit `unit` ends in the source. */
export function sourceEnd(aligned: AlignedText, unit: number): CharOffset {
  return aligned.ends ? aligned.ends[unit - 1]! : aligned.shift + unit;
}

/** The units from..to (exclusive), whole code points. */
export function slice(aligned: AlignedText, from: number, to: number): AlignedText {
  return {
    text: aligned.text.slice(from, to),
    starts: aligned.starts && aligned.starts.subarray(from, to),
    ends: aligned.ends && aligned.ends.subarray(from, to),
    shift: from < to ? sourceStart(aligned, from) : aligned.shift,
  };
}

/** The same spans under another text of equal length (lower case, blanks for white space). */
export function respell(aligned: AlignedText, text: string): AlignedText {
  return { ...aligned, text };
}

/** Puts `prefix` before a text that is not empty; the prefix has the span of the first character. */
export function prepend(aligned: AlignedText, prefix: string): AlignedText {
  if (!aligned.text) return aligned;
  const { starts, ends } = explicit(aligned);
  const shifted = (values: Int32Array) => {
    const result = new Int32Array(values.length + prefix.length).fill(values[0]!, 0, prefix.length);
    result.set(values, prefix.length);
    return result;
  };
  return { text: prefix + aligned.text, starts: shifted(starts), ends: shifted(ends), shift: aligned.shift };
}

/** Replaces each [start, end) by `content`, whose characters have the span of the last replaced one. */
export function replaceRanges(
  aligned: AlignedText,
  ranges: readonly (readonly [number, number])[],
  content: string,
): AlignedText {
  if (ranges.length === 0) return aligned;
  const removed = ranges.reduce((sum, [start, end]) => sum + end - start, 0);
  const old = explicit(aligned);
  const length = aligned.text.length - removed + ranges.length * content.length;
  const starts = new Int32Array(length);
  const ends = new Int32Array(length);
  const parts: string[] = [];
  let read = 0;
  let write = 0;
  const copyUntil = (end: number) => {
    parts.push(aligned.text.slice(read, end));
    starts.set(old.starts.subarray(read, end), write);
    ends.set(old.ends.subarray(read, end), write);
    write += end - read;
  };
  for (const [start, end] of ranges) {
    copyUntil(start);
    parts.push(content);
    starts.fill(end > 0 ? old.starts[end - 1]! : aligned.shift, write, write + content.length);
    ends.fill(end > 0 ? old.ends[end - 1]! : aligned.shift, write, write + content.length);
    write += content.length;
    read = end;
  }
  copyUntil(aligned.text.length);
  return { text: parts.join(""), starts, ends, shift: aligned.shift };
}

/** Keeps the characters (code points) that `keep` accepts, each with its own span. */
export function filterCharacters(aligned: AlignedText, keep: (character: string) => boolean): AlignedText {
  const kept: string[] = [];
  const from: number[] = [];
  let unit = 0;
  for (const character of aligned.text) {
    if (keep(character)) {
      kept.push(character);
      for (let i = 0; i < character.length; i++) from.push(unit + i);
    }
    unit += character.length;
  }
  if (from.length === aligned.text.length) return aligned;
  const old = explicit(aligned);
  return {
    text: kept.join(""),
    starts: Int32Array.from(from, (i) => old.starts[i]!),
    ends: Int32Array.from(from, (i) => old.ends[i]!),
    shift: aligned.shift,
  };
}

/**
 * Rewrites the whole text as `characters` (code points). changes[i] is 0 where character i replaces the next old
 * one, 1 where it is inserted (it takes the span of the old character before), -n where it replaces the
 * next old one and n more are dropped (it keeps the span of the first). This is the bookkeeping of the
 * reference library's `NormalizedString::transform`, and its spans follow from it.
 */
export function transform(
  aligned: AlignedText,
  characters: readonly string[],
  changes: readonly number[],
): AlignedText {
  const old = explicit(aligned);
  const text = characters.join("");
  const starts = new Int32Array(text.length);
  const ends = new Int32Array(text.length);
  const last = aligned.text.length - 1;
  let read = 0;
  let write = 0;
  for (let i = 0; i < characters.length; i++) {
    const change = changes[i]!;
    const inserted = change > 0;
    const at = Math.min(inserted ? read - 1 : read, last);
    const start = at < 0 ? aligned.shift : old.starts[at]!;
    const end = at < 0 ? aligned.shift : old.ends[at]!;
    for (let dropped = inserted ? 1 : change; dropped <= 0; dropped++) {
      read += isHighSurrogate(aligned.text.charCodeAt(read)) ? 2 : 1;
    }
    for (let unit = characters[i]!.length; unit > 0; unit--, write++) {
      starts[write] = start;
      ends[write] = end;
    }
  }
  return { text, starts, ends, shift: aligned.shift };
}

export function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** The spans of all units as arrays, also where they are still implied. */
function explicit(aligned: AlignedText): { starts: Int32Array; ends: Int32Array } {
  const { text, starts, ends, shift } = aligned;
  if (starts && ends) return { starts, ends };
  const newStarts = new Int32Array(text.length);
  const newEnds = new Int32Array(text.length);
  for (let i = 0; i < text.length; i++) {
    newStarts[i] = shift + i;
    newEnds[i] = shift + i + 1;
    if (i + 1 < text.length && isHighSurrogate(text.charCodeAt(i))) {
      newEnds[i] = shift + i + 2;
      i++;
      newStarts[i] = shift + i - 1;
      newEnds[i] = shift + i + 1;
    }
  }
  return { starts: newStarts, ends: newEnds };
}
