import { emptyText, idOutOfRange, noTokenizerHere, tooManyTokens } from "../../core/errors";
import type { ModelSource } from "../../core/modelSource";
import type { Token } from "../../core/token";
import type { Files } from "../../model/files";
import { readJson } from "../../model/json";
import { openTokenizer, type Tokenizer, type TokenizerFiles } from "../../tokenizer/tokenizer";
import { boundedTokenizer, OPEN_MS, type Bounded } from "./bounded";

/** The model's tokenizer, or nothing where it has none. */
export async function openTokenizerOf(
  source: ModelSource,
  files: Files,
  bounded: Bounded = (_, run) => run(),
): Promise<Tokenizer | undefined> {
  const own = await tokenizerFiles(source, files);
  if (!own) return undefined;
  const task = { model: source.name, limitMs: OPEN_MS };
  return boundedTokenizer(
    bounded(task, () => openTokenizer(own)),
    source.name,
    bounded,
  );
}

async function tokenizerFiles(source: ModelSource, files: Files): Promise<TokenizerFiles | undefined> {
  const { tokenizer, tokenizerConfig, vocab, merges } = source;
  const json = async (reference?: string) => (reference ? readJson(files, reference) : undefined);
  const text = async (reference?: string) =>
    reference ? new TextDecoder().decode(await files.readAll(reference)) : undefined;
  if (tokenizer) {
    return { tokenizerJson: await json(tokenizer), tokenizerConfig: await json(tokenizerConfig) };
  }
  if (!vocab) return undefined;
  const isList = vocab.endsWith(".txt");
  return {
    tokenizerConfig: await json(tokenizerConfig),
    vocabTxt: isList ? await text(vocab) : undefined,
    vocabJson: isList ? undefined : await json(vocab),
    mergesTxt: await text(merges),
  };
}

/** What a text may be at most, and for whom. */
export interface TextLimits {
  readonly modelName: string;
  /** Most tokens; none where the model does not say. */
  readonly limit?: number;
}

/** Even a vocabulary of long entries gives a token for every this many UTF-16 units of real text. */
const UNITS_PER_TOKEN = 16;

/**
 * Tokens of a text within the limit. A text that is far too long is not tokenised whole: a part tells how many tokens
 * the whole has, about (measured: 10 MB take a minute, the part a few milliseconds).
 */
export function encodeWithin(
  tokenizer: Tokenizer,
  text: string,
  { modelName, limit }: TextLimits,
  signal: AbortSignal,
): Token[] {
  if (text.trim() === "") throw emptyText();
  const most = (limit ?? UNLIMITED_TOKENS) * UNITS_PER_TOKEN;
  if (text.length > most) {
    const part = tokenizer.encode(wholeCharacters(text, most), { signal }).length;
    if (part > (limit ?? UNLIMITED_TOKENS)) {
      throw tooManyTokens(modelName, Math.round((part * text.length) / most), limit ?? UNLIMITED_TOKENS);
    }
  }
  const tokens = tokenizer.encode(text, { signal });
  checkLength(tokens.length, { modelName, limit });
  return tokens;
}

/** Where a model states no limit: more than any attention matrix that fits WASM's memory. */
const UNLIMITED_TOKENS = 32_768;

export function checkLength(nTokens: number, { modelName, limit }: TextLimits): void {
  if (nTokens > (limit ?? UNLIMITED_TOKENS)) {
    throw tooManyTokens(modelName, nTokens, limit ?? UNLIMITED_TOKENS);
  }
}

/** Tokens of ids given by hand: no spans; texts from the tokenizer where there is one. */
export function tokensOfIds(ids: readonly number[], tokenizer?: Tokenizer): Token[] {
  return ids.map((id) => {
    const text = tokenizer ? tokenizer.decodeOne(id) : `#${id}`;
    return { id, text, piece: text, start: -1, end: -1, special: tokenizer?.specialIds.has(id) ?? false };
  });
}

/** Places of a sequence without ids (patches of an image, frames of a sound), by number. */
export function tokensOfPlaces(count: number): Token[] {
  return Array.from({ length: count }, (_, index) => {
    const text = String(index);
    return { id: index, text, piece: text, start: -1, end: -1, special: false };
  });
}

export function checkIds(ids: readonly number[], modelName: string, vocab: number | undefined): void {
  const bad = ids.find((id) => !Number.isInteger(id) || id < 0 || (vocab !== undefined && id >= vocab));
  if (bad !== undefined) throw idOutOfRange(modelName, bad, vocab);
}

export function needsTokenizer(tokenizer: Tokenizer | undefined, modelName: string): Tokenizer {
  if (!tokenizer) throw noTokenizerHere(modelName);
  return tokenizer;
}

/** The first `length` units, without half of a surrogate pair at the end. */
function wholeCharacters(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
