import { describe, expect, it } from "vitest";
import { openTokenizer } from "../../../src/tokenizer/tokenizer";
import { hasFixtures, readJson, referenceRows, referenceTokenizers } from "./fixtures";

describe.skipIf(!hasFixtures)("against the reference library", () => {
  for (const name of referenceTokenizers()) {
    it(`${name}: ids, spans and special tokens are the reference's on every text`, () => {
      const tokenizer = openTokenizer({ tokenizerJson: readJson(`tokenizers/${name}/tokenizer.json`) });
      for (const row of referenceRows(name)) {
        const tokens = tokenizer.encode(row.text);
        const spans = row.offsets_utf16.map((span, i) => (row.special[i] ? [-1, -1] : span));
        expect(
          tokens.map((token) => token.id),
          row.id,
        ).toEqual(row.ids);
        expect(
          tokens.map((token) => [token.start, token.end]),
          row.id,
        ).toEqual(spans);
        expect(
          tokens.map((token) => Number(token.special)),
          row.id,
        ).toEqual(row.special);
      }
    });
  }

  it("refuses a file whose merges are not a list, in one sentence that names them", () => {
    const file = readJson("tokenizers/broken-added-tokens/tokenizer.json");
    expect(() => openTokenizer({ tokenizerJson: file })).toThrow(/model\.merges is an object, not a list/);
  });
});
