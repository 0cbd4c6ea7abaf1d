import { cancelled } from "../core/errors";
import type { Notice } from "../core/run";
import type { Token } from "../core/token";
import { parseAddedTokens, sectionsOf } from "./addedTokens";
import { sourceEnd, sourceStart } from "./alignedText";
import { parseBytePairModel } from "./bytePairModel";
import { parseDecoder } from "./decoder";
import { noTokenizer, unsupportedTokenizer } from "./errors";
import { Fields } from "./fields";
import { fromVocabAndMerges, fromVocabTxt, type RebuiltFile } from "./legacyFiles";
import { parseNormalizer } from "./normalizers";
import { inexactPatterns } from "./pattern";
import { parsePostProcessor, type PlacedToken } from "./postProcessor";
import { parsePreTokenizer, preTokenize } from "./preTokenizers";
import type { SubwordModel } from "./subwordModel";
import { parseUnigramModel } from "./unigramModel";
import { parseWordLevelModel, parseWordPieceModel } from "./wordModels";

/** The tokenizer files of a model, as they lie beside it: parsed JSON, or text. */
export interface TokenizerFiles {
  readonly tokenizerJson?: unknown;
  readonly tokenizerConfig?: unknown;
  readonly vocabTxt?: string;
  readonly vocabJson?: unknown;
  readonly mergesTxt?: string;
}

export interface EncodeOptions {
  /** Whether the special tokens of the model ([CLS], <s>, …) are put around the text; true by default. */
  readonly addSpecialTokens?: boolean;
  readonly signal?: AbortSignal;
}

export interface Tokenizer {
  /** Tokens of `text`, with spans in its UTF-16 units. `special` are those that were put around it. */
  encode(text: string, options?: EncodeOptions): Token[];
  /** What a reader sees of one id: " the" for "Ġthe". */
  decodeOne(id: number): string;
  /** The text that ids stand for, special tokens included. */
  decode(ids: readonly number[]): string;
  /** One more than the largest id. */
  readonly vocabSize: number;
  readonly specialIds: ReadonlySet<number>;
  /** What is not exact, or different from what the file says. */
  readonly notices: readonly Notice[];
}

/**
 * A tokenizer from tokenizer.json, else from vocab.txt, else from vocab.json with merges.txt. Throws a HeadlightError
 * where a file is malformed or asks for something that is not known here.
 */
export function openTokenizer(files: TokenizerFiles): Tokenizer {
  const source = tokenizerJsonOf(files);
  const file = Fields.of(source.file, "tokenizer.json");
  const normalize = parseNormalizer(file.get("normalizer"));
  const modelFields = file.object("model");
  const type = modelType(modelFields);
  const { steps, spellsBytes } = parsePreTokenizer(file.get("pre_tokenizer"), type === "BPE");
  const model = parseModel(modelFields, type, spellsBytes);
  const added = parseAddedTokens(file.get("added_tokens"), model);
  const postProcessor = parsePostProcessor(file.get("post_processor"));
  const decoder = parseDecoder(file.get("decoder"));
  const findSections = sectionsOf(added.tokens, normalize);
  const pieces = new Map<number, string>();
  for (const [piece, id] of model.vocabulary) pieces.set(id, piece);
  for (const token of added.tokens) pieces.set(token.id, token.content);
  const addedContents = new Map(added.tokens.map((token) => [token.id, token.content]));
  const specialIds = new Set([
    ...added.tokens.filter((token) => token.special).map((token) => token.id),
    ...postProcessor.specialIds,
  ]);
  let vocabSize = 0;
  for (const id of pieces.keys()) vocabSize = Math.max(vocabSize, id + 1);

  function placedTokens(text: string, signal?: AbortSignal): PlacedToken[] {
    const placed: PlacedToken[] = [];
    for (const section of findSections(text)) {
      if (signal?.aborted) throw cancelled();
      if (section.token) {
        const { text: found } = section.text;
        const start = sourceStart(section.text, 0);
        const end = sourceEnd(section.text, found.length);
        placed.push({ id: section.token.id, piece: found, start, end, special: false });
        continue;
      }
      for (const piece of preTokenize([section.text], steps)) {
        if (!piece.text) continue;
        const { ids, starts, ends } = model.cut(piece.text);
        for (let i = 0; i < ids.length; i++) {
          const id = ids[i]!;
          placed.push({
            id,
            piece: pieces.get(id)!,
            start: sourceStart(piece, starts[i]!),
            end: sourceEnd(piece, ends[i]!),
            special: false,
          });
        }
      }
    }
    return placed;
  }

  return {
    encode(text, { addSpecialTokens = true, signal } = {}) {
      if (signal?.aborted) throw cancelled();
      const wellFormed = text.replace(/\p{Surrogate}/gu, "\uFFFD");
      const placed = postProcessor.process(placedTokens(wellFormed, signal), wellFormed, addSpecialTokens);
      return placed.map(({ id, piece, start, end, special }) => {
        const spelled = pieces.get(id) ?? piece;
        return {
          id,
          text: (start >= 0 && text.slice(start, end)) || spelled,
          piece: spelled,
          start,
          end,
          special,
        };
      });
    },
    decodeOne(id) {
      const content = addedContents.get(id);
      return content ?? decoder.show(pieces.get(id) ?? `[${id}]`);
    },
    decode(ids) {
      return decoder.join(ids.map((id) => pieces.get(id) ?? `[${id}]`));
    },
    vocabSize,
    specialIds,
    notices: [
      ...source.notices,
      ...added.notices,
      ...(model.dropsUnknown ? [DROPS_UNKNOWN] : []),
      ...inexactPatterns([file.get("normalizer"), file.get("pre_tokenizer")]).map(notExact),
    ],
  };
}

const DROPS_UNKNOWN: Notice = {
  code: "tokenizer-drops-text",
  message:
    "The tokenizer has no token for unknown text: characters outside its vocabulary are left out, here as in the reference.",
};

function notExact(pattern: string): Notice {
  return {
    code: "tokenizer-not-exact",
    message: `The tokenizer's pattern ${JSON.stringify(pattern.slice(0, 60))} ignores case: texts with ß or ligatures (ﬁ, ﬀ, ﬆ) may be split otherwise than in the reference.`,
  };
}

function tokenizerJsonOf(files: TokenizerFiles): RebuiltFile {
  if (files.tokenizerJson !== undefined) return { file: files.tokenizerJson, notices: [] };
  if (files.vocabTxt !== undefined) return fromVocabTxt(files.vocabTxt, files.tokenizerConfig);
  if (files.vocabJson !== undefined && files.mergesTxt !== undefined) {
    return fromVocabAndMerges(files.vocabJson, files.mergesTxt, files.tokenizerConfig);
  }
  throw noTokenizer();
}

function parseModel(model: Fields, type: string, spellsBytes: boolean): SubwordModel {
  switch (type) {
    case "BPE":
      return parseBytePairModel(model, spellsBytes);
    case "WordPiece":
      return parseWordPieceModel(model);
    case "WordLevel":
      return parseWordLevelModel(model);
    case "Unigram":
      return parseUnigramModel(model);
    default:
      throw unsupportedTokenizer(`the model ${JSON.stringify(type)}`);
  }
}

/** Old files do not name the type of their model; its fields tell. */
function modelType(model: Fields): string {
  if (model.has("type")) return model.string("type");
  if (model.has("merges")) return "BPE";
  if (Array.isArray(model.get("vocab"))) return "Unigram";
  return model.has("continuing_subword_prefix") ? "WordPiece" : "WordLevel";
}
