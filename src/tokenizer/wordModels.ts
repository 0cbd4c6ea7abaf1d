import { missingUnknownToken } from "./errors";
import type { Fields } from "./fields";
import { cached, whole, type Cut, type SubwordModel } from "./subwordModel";
import { parseVocabulary } from "./vocabulary";

/** WordPiece: the longest piece that fits, from left to right (Wu et al. 2016); the whole word is unknown when one is missing. */
export function parseWordPieceModel(model: Fields): SubwordModel {
  const vocabulary = parseVocabulary(model);
  const unknownId = vocabulary.get(model.string("unk_token", "[UNK]"));
  const prefix = model.shortString("continuing_subword_prefix", "##");
  const maxCharacters = model.count("max_input_chars_per_word", 100);
  let longest = 0;
  for (const piece of vocabulary.keys()) longest = Math.max(longest, piece.length);

  const unknown = (piece: string): Cut => {
    if (unknownId === undefined) throw missingUnknownToken(piece);
    return whole(unknownId, piece);
  };
  function cut(piece: string): Cut {
    if (piece.length > maxCharacters && [...piece].length > maxCharacters) return unknown(piece);
    const ids: number[] = [];
    const starts: number[] = [];
    const ends: number[] = [];
    for (let start = 0; start < piece.length;) {
      let end = Math.min(piece.length, start + longest);
      let id: number | undefined;
      for (; end > start; end--) {
        id = vocabulary.get((start > 0 ? prefix : "") + piece.slice(start, end));
        if (id !== undefined) break;
      }
      if (id === undefined) return unknown(piece);
      ids.push(id);
      starts.push(start);
      ends.push(end);
      start = end;
    }
    return { ids, starts, ends };
  }
  return { vocabulary, size: vocabulary.size, cut: cached(cut) };
}

/** WordLevel: one entry for a piece, or the unknown token. */
export function parseWordLevelModel(model: Fields): SubwordModel {
  const vocabulary = parseVocabulary(model);
  const unknownId = vocabulary.get(model.string("unk_token", "<unk>"));
  return {
    vocabulary,
    size: vocabulary.size,
    cut(piece) {
      const id = vocabulary.get(piece) ?? unknownId;
      if (id === undefined) throw missingUnknownToken(piece);
      return whole(id, piece);
    },
  };
}
