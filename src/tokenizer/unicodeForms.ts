import { transform, type AlignedText } from "./alignedText";
import { UNDECOMPOSED } from "./referenceUnicode";

export type UnicodeForm = "NFC" | "NFD" | "NFKC" | "NFKD";

/**
 * Unicode normalisation that keeps spans: a decomposed character shares its span among its parts, a composed one
 * keeps the span of its first part, as the reference library has it. Only stretches that change are worked through.
 */
export function normalizeForm(aligned: AlignedText, form: UnicodeForm): AlignedText {
  if (aligned.text.normalize(form) === aligned.text) return aligned;
  const characters: string[] = [];
  const changes: number[] = [];
  for (const segment of segments(aligned.text)) {
    const parts = decompose(segment, form === "NFC" || form === "NFD" ? "NFD" : "NFKD");
    const result = form === "NFC" || form === "NFKC" ? compose(parts) : parts;
    for (const part of result) {
      characters.push(part.character);
      changes.push(part.change);
    }
  }
  return transform(aligned, characters, changes);
}

interface Part {
  readonly character: string;
  /** As `transform` takes it. */
  readonly change: number;
}

/** Stretches that no normalisation looks across: each begins with a character that neither moves nor composes backwards. */
function* segments(text: string): Iterable<string> {
  let start = 0;
  let at = 0;
  for (const character of text) {
    if (at > start && startsSegment(character)) {
      yield text.slice(start, at);
      start = at;
    }
    at += character.length;
  }
  if (start < text.length) yield text.slice(start);
}

const startsSegmentOf = new Map<string, boolean>();

function startsSegment(character: string): boolean {
  if (character < "\u0300") return true;
  let known = startsSegmentOf.get(character);
  if (known === undefined) {
    // Marks, and Hangul vowels and finals, which compose with what stands before them.
    known = !/^[\p{M}\u1160-\u11FF\uD7B0-\uD7FF]/u.test(character.normalize("NFKD"));
    startsSegmentOf.set(character, known);
  }
  return known;
}

function decompose(segment: string, form: "NFD" | "NFKD"): Part[] {
  const parts: Part[] = [];
  const unknown = UNDECOMPOSED.test(segment);
  for (const character of segment) {
    let change = 0;
    const decomposed = unknown && UNDECOMPOSED.test(character) ? character : character.normalize(form);
    for (const part of decomposed) {
      parts.push({ character: part, change });
      change = 1;
    }
  }
  if (parts.length < 2 || unknown) return parts;
  // Canonical ordering is a stable sort by combining class, so equal characters keep their order.
  const waiting = new Map<string, Part[]>();
  for (const part of parts) {
    const queue = waiting.get(part.character);
    if (queue) queue.push(part);
    else waiting.set(part.character, [part]);
  }
  for (const queue of waiting.values()) queue.reverse();
  return [...segment.normalize(form)].map(
    (character) => waiting.get(character)?.pop() ?? { character, change: 1 },
  );
}

/** Canonical composition (Unicode Standard, section 3.11, D117) over characters in canonical order. */
function compose(parts: readonly Part[]): Part[] {
  const result: Part[] = [];
  let starter: Part | null = null;
  let starterAt = -1;
  let lastMark: string | null = null;
  for (const part of parts) {
    const isMark = hasCombiningClass(part.character);
    if (starter && (lastMark === null || (isMark && !sameClass(lastMark, part.character)))) {
      const composed: string = (starter.character + part.character).normalize("NFC");
      if (isOneCharacter(composed)) {
        starter = { character: composed, change: starter.change + part.change - 1 };
        result[starterAt] = starter;
        continue;
      }
    }
    if (isMark) {
      lastMark = part.character;
    } else {
      starter = part;
      starterAt = result.length;
      lastMark = null;
    }
    result.push(part);
  }
  return result;
}

function isOneCharacter(text: string): boolean {
  return text.length === 1 || (text.length === 2 && text.codePointAt(0)! > 0xffff);
}

const COMBINING_CLASS_240 = "\u0345";
const combiningOf = new Map<string, boolean>();

/** Whether the canonical combining class is not 0: such a mark moves before one of the highest class. */
function hasCombiningClass(character: string): boolean {
  let known = combiningOf.get(character);
  if (known === undefined) {
    const ordered = (COMBINING_CLASS_240 + character).normalize("NFD");
    known = character === COMBINING_CLASS_240 || !ordered.startsWith(COMBINING_CLASS_240);
    combiningOf.set(character, known);
  }
  return known;
}

/** Of two marks in canonical order: whether they have the same combining class. */
function sameClass(first: string, second: string): boolean {
  return first === second || (second + first).normalize("NFD") === second + first;
}
