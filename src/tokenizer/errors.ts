import { HeadlightError } from "../core/errors";

/** A part of tokenizer.json that is missing or of the wrong kind. `where` is its path in the file. */
export function malformedTokenizer(where: string, problem: string): HeadlightError {
  return new HeadlightError(
    "malformed-tokenizer",
    `The tokenizer file cannot be read: ${shorten(where)} ${shorten(problem, MAX_PROBLEM)}. Use the tokenizer.json that came with the model.`,
  );
}

export function unsupportedTokenizer(what: string): HeadlightError {
  return new HeadlightError(
    "unsupported-tokenizer",
    `This tokenizer uses ${shorten(what)}, which Headlight does not know, so its ids could be wrong. Give token ids instead (--ids).`,
  );
}

export function refusedPattern(pattern: string, reason: string): HeadlightError {
  return new HeadlightError(
    "tokenizer-pattern",
    `The tokenizer splits with the pattern ${shorten(JSON.stringify(pattern))}, which ${shorten(reason)}. Give token ids instead (--ids).`,
    pattern.slice(0, 10_000),
  );
}

export function noTokenizer(): HeadlightError {
  return new HeadlightError(
    "no-tokenizer",
    "The model has no tokenizer file (tokenizer.json, vocab.txt, or vocab.json with merges.txt). Give token ids instead (--ids).",
  );
}

export function missingUnknownToken(piece: string): HeadlightError {
  return new HeadlightError(
    "no-unknown-token",
    `The tokenizer's vocabulary has no entry for ${shorten(JSON.stringify(piece))} and no token for unknown text. Change the text, or give token ids (--ids).`,
  );
}

const MAX_QUOTED = 80;
const MAX_PROBLEM = 200;

function shorten(text: string, most = MAX_QUOTED): string {
  return text.length > most ? `${text.slice(0, most)}… (${text.length} characters)` : text;
}
