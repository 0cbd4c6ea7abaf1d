import { BYTE_CHARACTERS, utf8Of } from "./byteAlphabet";
import { malformedTokenizer } from "./errors";
import type { Fields } from "./fields";
import { mergeSymbols, type Symbols } from "./mergeSymbols";
import { MergeTable } from "./mergeTable";
import { cached, whole, type Cut, type SubwordModel } from "./subwordModel";
import { parseVocabulary } from "./vocabulary";

/**
 * Byte-pair encoding (Sennrich et al. 2016, algorithm 1), with the options of tokenizer.json. With `spellsBytes`
 * pieces are plain text whose UTF-8 bytes the model spells by the byte-level alphabet before it merges.
 */
export function parseBytePairModel(model: Fields, spellsBytes: boolean): SubwordModel {
  const vocabulary = parseVocabulary(model);
  const prefix = model.shortString("continuing_subword_prefix", "");
  const suffix = model.shortString("end_of_word_suffix", "");
  const merges = parseMerges(model, vocabulary, prefix);
  const unknownToken = model.has("unk_token") ? model.shortString("unk_token") : null;
  const unknownId = unknownToken === null ? null : (vocabulary.get(unknownToken) ?? null);
  const fuseUnknown = model.boolean("fuse_unk", false);
  const byteFallback = model.boolean("byte_fallback", false);
  const ignoreMerges = model.boolean("ignore_merges", false);
  const byteIds = byteFallback ? fallbackIds(vocabulary) : [];
  const alphabetIds = BYTE_CHARACTERS.map((character) => vocabulary.get(character) ?? -1);
  const plainAlphabet = !prefix && !suffix && alphabetIds.every((id) => id >= 0);

  function cut(piece: string): Cut {
    if (ignoreMerges) {
      const id = vocabulary.get(spellsBytes ? spell(piece) : piece);
      if (id !== undefined) return whole(id, piece);
    }
    const symbols = spellsBytes && plainAlphabet ? byteSymbols(piece, alphabetIds) : characterSymbols(piece);
    return mergeSymbols(symbols, merges);
  }

  /** One symbol a character (or a byte of it), unknown ones by byte fallback or the unknown token. */
  function characterSymbols(piece: string): Symbols {
    const symbols: Symbols = { ids: [], starts: [], ends: [] };
    const add = (id: number, start: number, end: number) => {
      symbols.ids.push(id);
      symbols.starts.push(start);
      symbols.ends.push(end);
    };
    let pending: { start: number; end: number } | null = null;
    const flush = () => {
      if (pending && unknownId !== null) add(unknownId, pending.start, pending.end);
      pending = null;
    };
    const units = spellsBytes ? spelledUnits(piece) : plainUnits(piece);
    for (const [i, unit] of units.entries()) {
      const spelled = (i > 0 ? prefix : "") + unit.character + (i === units.length - 1 ? suffix : "");
      const id = vocabulary.get(spelled);
      if (id !== undefined) {
        flush();
        add(id, unit.start, unit.end);
        continue;
      }
      const fallback = byteFallback ? fallbackOf(spelled, byteIds) : null;
      if (fallback) {
        for (const byteId of fallback) add(byteId, unit.start, unit.end);
      } else if (unknownToken !== null) {
        if (unknownId === null) {
          throw malformedTokenizer(
            "model.unk_token",
            `${JSON.stringify(unknownToken)} is not in the vocabulary`,
          );
        }
        if (!fuseUnknown) flush();
        const open = pending as { start: number; end: number } | null;
        pending = { start: open ? open.start : unit.start, end: unit.end };
      }
    }
    flush();
    return symbols;
  }

  const coversBytes = spellsBytes ? plainAlphabet : byteFallback && byteIds.every((id) => id >= 0);
  const dropsUnknown = unknownToken === null && !coversBytes;
  return { vocabulary, size: vocabulary.size, cut: cached(cut), dropsUnknown };
}

/** A character to look up, and the units of the piece that it stands for. */
interface Unit {
  readonly character: string;
  readonly start: number;
  readonly end: number;
}

function plainUnits(piece: string): Unit[] {
  const units: Unit[] = [];
  let at = 0;
  for (const character of piece) {
    units.push({ character, start: at, end: at + character.length });
    at += character.length;
  }
  return units;
}

function spelledUnits(piece: string): Unit[] {
  return plainUnits(piece).flatMap(({ character, start, end }) =>
    utf8Of(character.codePointAt(0)!).map((byte) => ({ character: BYTE_CHARACTERS[byte]!, start, end })),
  );
}

function spell(piece: string): string {
  let spelled = "";
  for (const character of piece) {
    const codePoint = character.codePointAt(0)!;
    if (codePoint < 0x80) spelled += BYTE_CHARACTERS[codePoint]!;
    else for (const byte of utf8Of(codePoint)) spelled += BYTE_CHARACTERS[byte]!;
  }
  return spelled;
}

function byteSymbols(piece: string, alphabetIds: readonly number[]): Symbols {
  const symbols: Symbols = { ids: [], starts: [], ends: [] };
  for (let at = 0; at < piece.length;) {
    const codePoint = piece.codePointAt(at)!;
    const end = at + (codePoint > 0xffff ? 2 : 1);
    if (codePoint < 0x80) {
      symbols.ids.push(alphabetIds[codePoint]!);
      symbols.starts.push(at);
      symbols.ends.push(end);
    } else {
      for (const byte of utf8Of(codePoint)) {
        symbols.ids.push(alphabetIds[byte]!);
        symbols.starts.push(at);
        symbols.ends.push(end);
      }
    }
    at = end;
  }
  return symbols;
}

/** Ids of <0x00> to <0xFF>; -1 where the vocabulary lacks one. */
export function fallbackIds(vocabulary: ReadonlyMap<string, number>): number[] {
  return Array.from(
    { length: 256 },
    (_, byte) => vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`) ?? -1,
  );
}

/** The ids of all bytes of `text`, or null where one is missing. */
export function fallbackOf(text: string, byteIds: readonly number[]): number[] | null {
  const ids: number[] = [];
  for (const character of text) {
    for (const byte of utf8Of(character.codePointAt(0)!)) {
      if (byteIds[byte]! < 0) return null;
      ids.push(byteIds[byte]!);
    }
  }
  return ids;
}

/** `merges`: ["a b", …] or [["a", "b"], …]. The merged token is a + b without b's prefix. */
function parseMerges(model: Fields, vocabulary: ReadonlyMap<string, number>, prefix: string): MergeTable {
  const entries = model.array("merges");
  const merges = new MergeTable(entries.length);
  for (const [rank, entry] of entries.entries()) {
    const pair: unknown = typeof entry === "string" ? entry.split(" ") : entry;
    if (!Array.isArray(pair) || pair.length !== 2) throw malformedMerge(rank, "is not a pair of pieces");
    const [left, right] = pair as unknown[];
    if (typeof left !== "string" || typeof right !== "string") {
      throw malformedMerge(rank, "is not a pair of pieces");
    }
    const ids = [left, right, left + right.slice(prefix.length)].map((piece) => vocabulary.get(piece));
    const [leftId, rightId, mergedId] = ids;
    if (leftId === undefined || rightId === undefined || mergedId === undefined) {
      throw malformedMerge(
        rank,
        `joins ${JSON.stringify(left)} and ${JSON.stringify(right)}, which the vocabulary lacks`,
      );
    }
    merges.set(leftId, rightId, rank, mergedId);
  }
  return merges;
}

function malformedMerge(rank: number, problem: string): Error {
  return malformedTokenizer(`model.merges[${rank}]`, problem);
}
