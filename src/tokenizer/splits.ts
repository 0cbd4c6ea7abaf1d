import { isHighSurrogate, slice, type AlignedText } from "./alignedText";

/** What happens to the delimiters of a split; the names are those of tokenizer.json. */
export type SplitBehavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

/** [start, end) in units of the text; together they cover it. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly isMatch: boolean;
}

/** A global regular expression, or what searches as one does. */
export interface Search {
  lastIndex: number;
  exec(text: string): RegExpExecArray | null;
}

/** Matches of a global regular expression and the stretches between them. An empty match does not directly follow another. */
export function stretchesOf(text: string, pattern: Search, invert = false): Stretch[] {
  const stretches: Stretch[] = [];
  let end = 0;
  let lastMatchEnd = -1;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const start = match.index;
    const matchEnd = start + match[0].length;
    if (matchEnd === start) {
      pattern.lastIndex += isHighSurrogate(text.charCodeAt(start)) ? 2 : 1;
      if (start === lastMatchEnd) continue;
    }
    if (start > end) stretches.push({ start: end, end: start, isMatch: invert });
    stretches.push({ start, end: matchEnd, isMatch: !invert });
    end = lastMatchEnd = matchEnd;
  }
  if (end < text.length) stretches.push({ start: end, end: text.length, isMatch: invert });
  return stretches;
}

/** The pieces that a split leaves, without empty ones. */
export function split(
  aligned: AlignedText,
  stretches: readonly Stretch[],
  behavior: SplitBehavior,
): AlignedText[] {
  const pieces: AlignedText[] = [];
  for (const { start, end } of arrange(stretches, behavior)) {
    if (end > start) pieces.push(slice(aligned, start, end));
  }
  return pieces;
}

function arrange(stretches: readonly Stretch[], behavior: SplitBehavior): readonly Stretch[] {
  switch (behavior) {
    case "Isolated":
      return stretches;
    case "Removed":
      return stretches.filter((stretch) => !stretch.isMatch);
    case "Contiguous":
      return merge(stretches, (isMatch, previous) => isMatch === previous);
    case "MergedWithPrevious":
      return merge(stretches, (isMatch, previous) => isMatch && !previous);
    case "MergedWithNext":
      return mergeBackwards(stretches);
  }
}

function merge(
  stretches: readonly Stretch[],
  joins: (isMatch: boolean, previous: boolean) => boolean,
): Stretch[] {
  const merged: Stretch[] = [];
  let previous = false;
  for (const stretch of stretches) {
    const last = merged.at(-1);
    if (last && joins(stretch.isMatch, previous)) {
      merged[merged.length - 1] = { ...last, end: stretch.end };
    } else {
      merged.push(stretch);
    }
    previous = stretch.isMatch;
  }
  return merged;
}

function mergeBackwards(stretches: readonly Stretch[]): Stretch[] {
  const merged: Stretch[] = [];
  let previous = false;
  for (const stretch of [...stretches].reverse()) {
    const last = merged.at(-1);
    if (last && stretch.isMatch && !previous) {
      merged[merged.length - 1] = { ...last, start: stretch.start };
    } else {
      merged.push(stretch);
    }
    previous = stretch.isMatch;
  }
  return merged.reverse();
}
