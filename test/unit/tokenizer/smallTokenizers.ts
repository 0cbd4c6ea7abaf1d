/** Small tokenizer files, one for each family of stages; expected values come from tokenizers 0.23.2 run on them. */
const specials = ["<unk>", "<s>", "</s>"].map((content, id) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
}));

const mask = {
  id: 1000,
  content: "<mask>",
  single_word: false,
  lstrip: true,
  rstrip: false,
  normalized: true,
  special: true,
};

const surround = {
  type: "TemplateProcessing",
  single: [
    { SpecialToken: { id: "<s>", type_id: 0 } },
    { Sequence: { id: "A", type_id: 0 } },
    { SpecialToken: { id: "</s>", type_id: 0 } },
  ],
  pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
  special_tokens: {
    "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] },
    "</s>": { id: "</s>", ids: [2], tokens: ["</s>"] },
  },
};

function vocabularyOf(pieces: readonly string[]): Record<string, number> {
  return Object.fromEntries(["<unk>", "<s>", "</s>", ...pieces].map((piece, id) => [piece, id]));
}

const letters = [..."abcdefghijklmnopqrstuvwxyzT0123456789"];
const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`);

export const smallTokenizers = {
  wordPiece: {
    added_tokens: specials,
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: { type: "BertProcessing", cls: ["<s>", 1], sep: ["</s>", 2] },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "<unk>",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: vocabularyOf(["the", "na", "##ive", "日", "e", "'", ...letters.map((letter) => `##${letter}`)]),
    },
  },
  byteFallback: {
    added_tokens: [...specials, mask],
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: surround,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      unk_token: "<unk>",
      fuse_unk: true,
      byte_fallback: true,
      vocab: vocabularyOf([...bytes, "▁", ...letters, "▁T", "he", "▁The"]),
      merges: ["▁ T", "h e", "▁T he"],
    },
  },
  unigram: {
    added_tokens: [...specials, mask],
    normalizer: {
      type: "Sequence",
      normalizers: [{ type: "NFKC" }, { type: "Replace", pattern: { Regex: " {2,}" }, content: " " }],
    },
    pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    post_processor: surround,
    decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    model: {
      type: "Unigram",
      unk_id: 0,
      byte_fallback: false,
      vocab: [
        ["<unk>", 0],
        ["<s>", 0],
        ["</s>", 0],
        ["▁", -2],
        ["▁The", -3],
        ["1", -4],
        ["/", -5],
        ...letters.map((letter, i) => [letter, -6 - i / 10]),
      ],
    },
  },
  splits: {
    added_tokens: specials,
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: { Regex: "(?i:'s|'t)|\\p{L}+|\\p{N}{1,3}|[^\\s\\p{L}\\p{N}]+|\\s+" },
          behavior: "Isolated",
          invert: false,
        },
        { type: "Digits", individual_digits: true },
        { type: "Punctuation", behavior: "Contiguous" },
      ],
    },
    post_processor: {
      type: "RobertaProcessing",
      cls: ["<s>", 1],
      sep: ["</s>", 2],
      trim_offsets: true,
      add_prefix_space: true,
    },
    decoder: null,
    model: { type: "WordLevel", unk_token: "<unk>", vocab: vocabularyOf(["The", "1", " ", "'"]) },
  },
} satisfies Record<string, object>;
