import { describe, expect, it } from "vitest";
import { openTokenizer } from "../../../src/tokenizer/tokenizer";

/** Every known difference from the reference library, with a notice for each that a person could meet. */
describe("known differences from tokenizers 0.23.2", () => {
  const letters = { a: 0, b: 1 };

  it("where characters are left out, spans stay true: the reference gives b the span [1, 2]", () => {
    const tokenizer = openTokenizer({
      tokenizerJson: { model: { type: "BPE", vocab: letters, merges: [] } },
    });
    const tokens = tokenizer.encode("a\u00e9b");
    expect(tokens.map((token) => [token.id, token.start, token.end])).toEqual([
      [0, 0, 1],
      [1, 2, 3],
    ]);
    expect(tokenizer.notices.map((notice) => notice.code)).toEqual(["tokenizer-drops-text"]);
  });

  it("where case is ignored, ss does not match \u00df as it does in the reference", () => {
    const tokenizer = openTokenizer({
      tokenizerJson: {
        pre_tokenizer: {
          type: "Split",
          pattern: { Regex: "(?i:ss|k)" },
          behavior: "Removed",
          invert: true,
        },
        model: { type: "WordLevel", vocab: { "?": 0 }, unk_token: "?" },
      },
    });
    expect(tokenizer.encode("\u00df ss K").map((token) => token.text)).toEqual(["ss", "K"]);
    expect(tokenizer.notices.map((notice) => notice.code)).toEqual(["tokenizer-not-exact"]);
  });

  it("special tokens have no span: the reference gives them [0, 0]", () => {
    const tokenizer = openTokenizer({
      tokenizerJson: {
        post_processor: { type: "BertProcessing", cls: ["a", 0], sep: ["b", 1] },
        model: { type: "WordLevel", vocab: letters, unk_token: "a" },
      },
    });
    expect(tokenizer.encode("b").map((token) => [token.start, token.special])).toEqual([
      [-1, true],
      [0, false],
      [-1, true],
    ]);
  });

  it("an added token has the id that the reference gives it, and a notice where the file says another", () => {
    // tokenizers 0.23.2 numbers it 2, the next after the vocabulary.
    const tokenizer = openTokenizer({
      tokenizerJson: {
        added_tokens: [{ id: 10, content: "<x>", special: true }],
        model: { type: "BPE", vocab: letters, merges: [], unk_token: "a" },
      },
    });
    expect(tokenizer.encode("a<x>b").map((token) => token.id)).toEqual([0, 2, 1]);
    expect(tokenizer.notices.map((notice) => notice.code)).toEqual(["tokenizer-added-id"]);
  });
});
