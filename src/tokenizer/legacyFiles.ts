import type { Notice } from "../core/run";
import { malformedTokenizer } from "./errors";
import { Fields } from "./fields";

/** A tokenizer.json made from older files, and what had to be assumed. */
export interface RebuiltFile {
  readonly file: unknown;
  readonly notices: readonly Notice[];
}

/** A tokenizer.json equal to BERT's `vocab.txt`: one piece a line, basic tokenizer, WordPiece. */
export function fromVocabTxt(vocabTxt: string, tokenizerConfig: unknown): RebuiltFile {
  const config = Fields.of(tokenizerConfig ?? {}, "tokenizer_config.json");
  const lines = vocabTxt.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const vocab = new Map(lines.map((line, id) => [line, id]));
  const unknown = tokenName(config, "unk_token", "[UNK]");
  const first = tokenName(config, "cls_token", "[CLS]");
  const last = tokenName(config, "sep_token", "[SEP]");
  const specials = [
    unknown,
    first,
    last,
    tokenName(config, "pad_token", "[PAD]"),
    tokenName(config, "mask_token", "[MASK]"),
  ].filter((token) => vocab.has(token));
  if (!vocab.has(unknown)) {
    throw malformedTokenizer("vocab.txt", `has no line ${JSON.stringify(unknown)}`);
  }
  const surrounded = vocab.has(first) && vocab.has(last);
  const notices = assumedClass(config, BERT_CLASSES, "vocab.txt as BERT's");
  if (!config.has("do_lower_case") && lines.some((line) => /^(?:##)?\p{Lu}/u.test(line))) {
    notices.push(
      assumed(
        "vocab.txt has capital letters but tokenizer_config.json does not say do_lower_case: lower case, as transformers does",
      ),
    );
  }
  const file = {
    added_tokens: specials.map((content) => addedToken(content, vocab.get(content)!)),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: config.boolean("tokenize_chinese_chars", true),
      strip_accents: config.get("strip_accents"),
      lowercase: config.boolean("do_lower_case", true),
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: surrounded
      ? { type: "BertProcessing", cls: [first, vocab.get(first)], sep: [last, vocab.get(last)] }
      : null,
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: unknown,
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocab),
    },
  };
  return { file, notices };
}

/** A tokenizer.json equal to GPT-2's or RoBERTa's `vocab.json` and `merges.txt`: byte-level byte-pair encoding. */
export function fromVocabAndMerges(
  vocabJson: unknown,
  mergesTxt: string,
  tokenizerConfig: unknown,
): RebuiltFile {
  const config = Fields.of(tokenizerConfig ?? {}, "tokenizer_config.json");
  const vocab = Fields.of(vocabJson, "vocab.json");
  const merges = mergesTxt.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#version"));
  if (merges.some((line) => line.endsWith(WORD_END)))
    return fromWordEndMerges(vocab, vocabJson, merges, config);
  const addPrefixSpace = config.boolean("add_prefix_space", false);
  const first = tokenName(config, "cls_token", "<s>");
  const last = tokenName(config, "sep_token", "</s>");
  const mask = tokenName(config, "mask_token", "<mask>");
  const end = tokenName(config, "eos_token", "<|endoftext|>");
  const begin = tokenName(config, "bos_token", end);
  const unknown = tokenName(config, "unk_token", "<unk>");
  const pad = tokenName(config, "pad_token", "<pad>");
  const isRoberta = [first, last, mask].every((token) => vocab.has(token));
  const specials = (isRoberta ? [first, last, unknown, pad] : [...new Set([end, begin])]).filter((token) =>
    vocab.has(token),
  );
  const file = {
    added_tokens: [
      ...specials.map((content) => addedToken(content, vocab.count(content))),
      ...(isRoberta ? [{ ...addedToken(mask, vocab.count(mask)), lstrip: true }] : []),
    ],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: true },
    post_processor: isRoberta
      ? {
          type: "RobertaProcessing",
          cls: [first, vocab.count(first)],
          sep: [last, vocab.count(last)],
          trim_offsets: true,
          add_prefix_space: addPrefixSpace,
        }
      : config.boolean("add_bos_token", false)
        ? beginning(begin, vocab.count(begin))
        : { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: false },
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab: vocabJson, merges },
  };
  return {
    file,
    notices: assumedClass(config, BYTE_LEVEL_CLASSES, "vocab.json and merges.txt as GPT-2's or RoBERTa's"),
  };
}

const WORD_END = "</w>";

/** As transformers converts CLIP's files; those of the first GPT split words as BERT does and add no token. */
const CLIP_WORDS = String.raw`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`;

/** Byte-pair encoding that marks the ends of words: CLIP, or the first GPT. */
function fromWordEndMerges(
  vocab: Fields,
  vocabJson: unknown,
  merges: readonly string[],
  config: Fields,
): RebuiltFile {
  const begin = tokenName(config, "bos_token", "<|startoftext|>");
  const end = tokenName(config, "eos_token", "<|endoftext|>");
  const isClip = vocab.has(begin) && vocab.has(end);
  const unknown = tokenName(config, "unk_token", isClip ? end : "<unk>");
  if (!vocab.has(unknown)) throw malformedTokenizer("vocab.json", `has no entry ${JSON.stringify(unknown)}`);
  const specials = [...new Set(isClip ? [begin, end, unknown] : [unknown])];
  const model = { type: "BPE", vocab: vocabJson, merges, unk_token: unknown, end_of_word_suffix: WORD_END };
  const added_tokens = specials.map((content) => addedToken(content, vocab.count(content)));
  const assumedAs = isClip
    ? "vocab.json and merges.txt as CLIP's"
    : "vocab.json and merges.txt as the first GPT's";
  const notices = assumedClass(
    config,
    isClip ? /^CLIPTokenizer(?:Fast)?$/ : /^OpenAIGPTTokenizer(?:Fast)?$/,
    assumedAs,
  );
  if (!isClip) {
    const normalizer = {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    };
    const decoder = { type: "BPEDecoder", suffix: WORD_END };
    const pre_tokenizer = { type: "BertPreTokenizer" };
    return {
      file: { added_tokens, normalizer, pre_tokenizer, post_processor: null, decoder, model },
      notices,
    };
  }
  const split = { type: "Split", pattern: { Regex: CLIP_WORDS }, behavior: "Removed", invert: true };
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const file = {
    added_tokens,
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "NFC" },
        { type: "Replace", pattern: { Regex: "\\s+" }, content: " " },
        { type: "Lowercase" },
      ],
    },
    pre_tokenizer: { type: "Sequence", pretokenizers: [split, bytes] },
    post_processor: {
      type: "RobertaProcessing",
      cls: [begin, vocab.count(begin)],
      sep: [end, vocab.count(end)],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: "ByteLevel" },
    model,
  };
  return { file, notices };
}

const BERT_CLASSES =
  /^(?:Bert|DistilBert|Electra|MobileBert|ConvBert|LayoutLM|Lxmert|MPNet|DPR\w*|SqueezeBert)Tokenizer(?:Fast)?$/;
const BYTE_LEVEL_CLASSES =
  /^(?:GPT2|Roberta|Bart|Longformer|LED|Deberta|CodeGen|Blenderbot)Tokenizer(?:Fast)?$/;

/** A notice where tokenizer_config.json names no class, or one that is not known to read its files in this way. */
function assumedClass(config: Fields, known: RegExp, reading: string): Notice[] {
  const name = config.string("tokenizer_class", "");
  if (known.test(name)) return [];
  return [
    assumed(
      `tokenizer_config.json names ${name ? JSON.stringify(name.slice(0, 40)) : "no tokenizer_class"}: read ${reading}`,
    ),
  ];
}

function assumed(what: string): Notice {
  return { code: "tokenizer-assumed", message: `The tokenizer was rebuilt from older files; ${what}.` };
}

function beginning(content: string, id: number) {
  return {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: content, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    special_tokens: { [content]: { id: content, ids: [id], tokens: [content] } },
  };
}

/** The spelling of a special token in tokenizer_config.json: a string, or an object with `content`. */
function tokenName(config: Fields, name: string, fallback: string): string {
  const value = config.get(name);
  if (value === undefined) return fallback;
  return typeof value === "object" ? config.object(name).string("content") : config.string(name);
}

function addedToken(content: string, id: number) {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}
