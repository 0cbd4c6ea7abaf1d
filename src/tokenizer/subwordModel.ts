/** How a model cut one piece: token i has id ids[i] and stands for the units starts[i] to ends[i] (exclusive) of the piece. */
export interface Cut {
  readonly ids: readonly number[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** The `model` of tokenizer.json: pieces of text to ids. */
export interface SubwordModel {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** The number of entries as the reference counts them: ids of added tokens follow it. */
  readonly size: number;
  cut(piece: string): Cut;
  /** Whether characters outside the vocabulary vanish, as they do in the reference. */
  readonly dropsUnknown?: boolean;
}

/** One token for the whole piece. */
export function whole(id: number, piece: string): Cut {
  return { ids: [id], starts: [0], ends: [piece.length] };
}

const MAX_CACHED_LENGTH = 256;
const MAX_CACHED_PIECES = 20_000;

/** Remembers the cuts of short pieces; words repeat. Starts anew when full. */
export function cached(cut: (piece: string) => Cut): (piece: string) => Cut {
  const known = new Map<string, Cut>();
  return (piece) => {
    if (piece.length > MAX_CACHED_LENGTH) return cut(piece);
    let result = known.get(piece);
    if (!result) {
      result = cut(piece);
      if (known.size >= MAX_CACHED_PIECES) known.clear();
      known.set(piece, result);
    }
    return result;
  };
}
