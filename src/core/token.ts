/** A place in a text, in UTF-16 code units, as editors count. */
export type CharOffset = number;

/**
 * One token of a run.
 * `start` and `end` (exclusive) are its span in the text that was tokenised; both are -1 where it has none
 * (special tokens, patches of an image, ids given by hand, pieces that could not be aligned).
 * Tokens that split one character share its span.
 */
export interface Token {
  readonly id: number;
  /** What a reader sees: the source text of the span; the vocabulary entry where there is no span. */
  readonly text: string;
  /** The vocabulary entry as the tokenizer spells it ("Ġthe", "##ing", "<0xF0>"). */
  readonly piece: string;
  readonly start: CharOffset;
  readonly end: CharOffset;
  readonly special: boolean;
}

/** Whether the token stands for a place in the text. */
export function hasSpan(token: Token): boolean {
  return token.start >= 0;
}
