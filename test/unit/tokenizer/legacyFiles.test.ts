import { describe, expect, it } from "vitest";
import { openTokenizer } from "../../../src/tokenizer/tokenizer";
import { hasFixtures, readJson, referenceRows } from "./fixtures";

interface FileOfTokenizer {
  readonly model: { readonly vocab: Record<string, number>; readonly merges: readonly string[] };
}

describe.skipIf(!hasFixtures)("older tokenizer files", () => {
  it("vocab.txt gives the ids and spans of the tokenizer.json with the same vocabulary", () => {
    const { model } = readJson("tokenizers/bert-uncased-minilm-l6/tokenizer.json") as FileOfTokenizer;
    const lines = Object.entries(model.vocab)
      .sort((a, b) => a[1] - b[1])
      .map(([piece]) => piece);
    const tokenizer = openTokenizer({
      vocabTxt: `${lines.join("\n")}\n`,
      tokenizerConfig: { do_lower_case: true, tokenizer_class: "BertTokenizer" },
    });
    expect(tokenizer.notices).toEqual([]);
    for (const row of referenceRows("bert-uncased-minilm-l6")) {
      const tokens = tokenizer.encode(row.text);
      expect(
        tokens.map((token) => token.id),
        row.id,
      ).toEqual(row.ids);
      const spans = row.offsets_utf16.map((span, i) => (row.special[i] ? [-1, -1] : span));
      expect(
        tokens.map((token) => [token.start, token.end]),
        row.id,
      ).toEqual(spans);
    }
  });

  it("vocab.json with merges.txt gives the ids and spans of gpt2's tokenizer.json", () => {
    const { model } = readJson("tokenizers/gpt2/tokenizer.json") as FileOfTokenizer;
    const tokenizer = openTokenizer({
      vocabJson: model.vocab,
      mergesTxt: `#version: 0.2\n${model.merges.join("\n")}\n`,
      tokenizerConfig: { tokenizer_class: "GPT2Tokenizer" },
    });
    expect(tokenizer.notices).toEqual([]);
    for (const row of referenceRows("gpt2")) {
      const tokens = tokenizer.encode(row.text);
      expect(
        tokens.map((token) => token.id),
        row.id,
      ).toEqual(row.ids);
      expect(
        tokens.map((token) => [token.start, token.end]),
        row.id,
      ).toEqual(row.offsets_utf16);
    }
  });
});

describe("what older files leave open", () => {
  it("is said: a vocab.txt with capital letters and no do_lower_case", () => {
    const { notices } = openTokenizer({ vocabTxt: "[UNK]\n[CLS]\n[SEP]\nThe\nthe\n" });
    expect(notices.map((notice) => notice.message).join()).toMatch(/does not say do_lower_case: lower case/);
  });

  // The conversion of transformers 4 (convert_slow_tokenizer.py, CLIPConverter and OpenAIGPTConverter).
  it("merges that mark the ends of words are CLIP's where its two tokens are there", () => {
    const pieces = ["a", "b", "a</w>", "b</w>", "ab</w>", "!</w>", "<|startoftext|>", "<|endoftext|>"];
    const tokenizer = openTokenizer({
      vocabJson: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      mergesTxt: "#version: 0.2\na b</w>\n",
      tokenizerConfig: { tokenizer_class: "CLIPTokenizer" },
    });
    expect(tokenizer.notices).toEqual([]);
    const tokens = tokenizer.encode("AB  a! ");
    expect(tokens.map(({ piece }) => piece)).toEqual([
      "<|startoftext|>",
      "ab</w>",
      "a</w>",
      "!</w>",
      "<|endoftext|>",
    ]);
    expect(tokens.slice(1, -1).map(({ start, end }) => [start, end])).toEqual([
      [0, 2],
      [4, 5],
      [5, 6],
    ]);
  });

  it("and the first GPT's where they are not, which is said", () => {
    const files = { vocabJson: { "<unk>": 0, a: 1, "b</w>": 2, "ab</w>": 3 }, mergesTxt: "a b</w>\n" };
    const tokenizer = openTokenizer(files);
    expect(tokenizer.encode("AB ab z").map(({ id }) => id)).toEqual([3, 3, 0]);
    expect(tokenizer.notices.map(({ message }) => message).join()).toContain("as the first GPT's");
  });

  it("a RoBERTa vocabulary puts <s> and </s> around the text", () => {
    const vocabJson = { "<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, a: 4, b: 5, ab: 6, "<mask>": 7 };
    const tokenizer = openTokenizer({ vocabJson, mergesTxt: "a b" });
    expect(tokenizer.encode("ab<mask>").map((token) => token.piece)).toEqual(["<s>", "ab", "<mask>", "</s>"]);
  });
});

describe("what a reader sees of one id", () => {
  const tokenizer = openTokenizer({
    vocabJson: { Ġthe: 0, ðŁĺ: 1, "Ã©": 2, "<|endoftext|>": 3 },
    mergesTxt: "",
  });
  it("is text with its blank, or the bytes of a part of a character", () => {
    expect([0, 1, 2, 3, 9].map((id) => tokenizer.decodeOne(id))).toEqual([
      " the",
      "<0xF0><0x9F><0x98>",
      "é",
      "<|endoftext|>",
      "[9]",
    ]);
  });
});
