import { isHighSurrogate } from "./alignedText";
import { fallbackIds, fallbackOf } from "./bytePairModel";
import { malformedTokenizer, missingUnknownToken } from "./errors";
import type { Fields } from "./fields";
import { PieceTree } from "./pieceTree";
import { cached, type Cut, type SubwordModel } from "./subwordModel";

/** How far below the worst score an unknown character lies (SentencePiece, unigram_model.cc). */
const UNKNOWN_PENALTY = 10;

/**
 * Unigram language model (Kudo 2018): the cut with the highest sum of log probabilities, by dynamic programming;
 * neighbouring unknown characters become one token, or their bytes.
 */
export function parseUnigramModel(model: Fields): SubwordModel {
  const entries = model.array("vocab");
  const scores = new Float64Array(entries.length);
  const vocabulary = new Map<string, number>();
  let lowest = Infinity;
  for (const [id, entry] of entries.entries()) {
    const [piece, score] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof piece !== "string" || typeof score !== "number") {
      throw malformedTokenizer(`model.vocab[${id}]`, "is not a piece with its score");
    }
    vocabulary.set(piece, id);
    scores[id] = score;
    lowest = Math.min(lowest, score);
  }
  const unknownId = model.has("unk_id") ? model.count("unk_id") : null;
  if (unknownId !== null && unknownId >= entries.length) {
    throw malformedTokenizer(
      "model.unk_id",
      `is ${unknownId}, but the vocabulary has ${entries.length} entries`,
    );
  }
  const byteIds = model.boolean("byte_fallback", false) ? fallbackIds(vocabulary) : null;
  const tree = new PieceTree(4 * entries.length);
  for (const [piece, id] of vocabulary) tree.insert(piece, id);
  const unknownScore = lowest - UNKNOWN_PENALTY;

  function cut(piece: string): Cut {
    const ids: number[] = [];
    const starts: number[] = [];
    const ends: number[] = [];
    const add = (id: number, start: number, end: number) => {
      ids.push(id);
      starts.push(start);
      ends.push(end);
    };
    for (const [start, end] of stretches(piece)) {
      const text = piece.slice(start, end);
      const id = vocabulary.get(text);
      const bytes = id === undefined && byteIds ? fallbackOf(text, byteIds) : null;
      if (id !== undefined) add(id, start, end);
      else if (bytes) for (const byteId of bytes) add(byteId, start, end);
      else if (unknownId === null) throw missingUnknownToken(text);
      else add(unknownId, start, end);
    }
    return { ids, starts, ends };
  }

  /** [start, end) of each token; neighbouring unknown ones joined. */
  function stretches(piece: string): [number, number][] {
    const { bestId, bestStart } = bestPath(piece);
    const result: [number, number][] = [];
    let joins = false;
    for (let end = piece.length; end > 0; end = bestStart[end]!) {
      const start = bestStart[end]!;
      const isUnknown = bestId[end] === unknownId;
      if (isUnknown && joins) result[result.length - 1]![0] = start;
      else result.push([start, end]);
      joins = isUnknown;
    }
    return result.reverse();
  }

  /** For each end: id and start of the last token of the best cut up to there. */
  function bestPath(piece: string) {
    const n = piece.length;
    const bestScore = new Float64Array(n + 1);
    const bestStart = new Int32Array(n + 1).fill(-1);
    const bestId = new Int32Array(n + 1);
    const offer = (start: number, end: number, id: number, score: number) => {
      if (bestStart[end] === -1 || score > bestScore[end]!) {
        bestScore[end] = score;
        bestStart[end] = start;
        bestId[end] = id;
      }
    };
    for (let start = 0; start < n;) {
      const nextStart = start + (isHighSurrogate(piece.charCodeAt(start)) ? 2 : 1);
      const scoreHere = bestScore[start]!;
      let hasSingle = false;
      let node = 0;
      for (let end = start; end < n;) {
        node = tree.step(node, piece.charCodeAt(end++));
        if (node < 0) break;
        const id = tree.idAt(node);
        if (id < 0) continue;
        offer(start, end, id, scores[id]! + scoreHere);
        if (end === nextStart) hasSingle = true;
      }
      if (!hasSingle) {
        if (unknownId === null) throw missingUnknownToken(piece.slice(start, nextStart));
        offer(start, nextStart, unknownId, unknownScore + scoreHere);
      }
      start = nextStart;
    }
    return { bestId, bestStart };
  }

  return { vocabulary, size: entries.length, cut: cached(cut) };
}
