import { malformedTokenizer } from "./errors";
import { Fields } from "./fields";

/** A tokenizer.json equal to BERT's `vocab.txt`: one piece a line, basic tokenizer, WordPiece. */
export function fromVocabTxt(vocabTxt: string, tokenizerConfig: unknown): unknown {
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
  return {
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
}

/** A tokenizer.json equal to GPT-2's or RoBERTa's `vocab.json` and `merges.txt`: byte-level byte-pair encoding. */
export function fromVocabAndMerges(vocabJson: unknown, mergesTxt: string, tokenizerConfig: unknown): unknown {
  const config = Fields.of(tokenizerConfig ?? {}, "tokenizer_config.json");
  const vocab = Fields.of(vocabJson, "vocab.json");
  const merges = mergesTxt.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#version"));
  const addPrefixSpace = config.boolean("add_prefix_space", false);
  const first = tokenName(config, "cls_token", "<s>");
  const last = tokenName(config, "sep_token", "</s>");
  const isRoberta =
    vocab.has(first) && vocab.has(last) && vocab.has(tokenName(config, "mask_token", "<mask>"));
  const end = tokenName(config, "eos_token", "<|endoftext|>");
  const specials = (
    isRoberta
      ? [first, last, tokenName(config, "unk_token", "<unk>"), tokenName(config, "pad_token", "<pad>")]
      : [end]
  ).filter((token) => vocab.has(token));
  const mask = isRoberta ? [tokenName(config, "mask_token", "<mask>")] : [];
  return {
    added_tokens: [
      ...specials.map((content) => addedToken(content, vocab.count(content))),
      ...mask.map((content) => ({ ...addedToken(content, vocab.count(content)), lstrip: true })),
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
      : { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: false },
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab: vocabJson, merges },
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
