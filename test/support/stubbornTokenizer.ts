/** A file whose pattern takes twice as long for every "abcde" of a run: none of the runs that are tried at load has that shape. */
export const stubbornTokenizer = {
  pre_tokenizer: {
    type: "Split",
    pattern: { Regex: "(?:abcde|abc|de)+$" },
    behavior: "Isolated",
  },
  model: { type: "WordLevel", vocab: { "?": 0, ab: 1 }, unk_token: "?" },
};

/** 2^200 steps. */
export const stubbornText = `${"abcde".repeat(200)}!`;
