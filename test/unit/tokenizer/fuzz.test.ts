import { describe, expect, it } from "vitest";
import { HeadlightError } from "../../../src/core/errors";
import { nodeBounded } from "../../../src/node/bounded";
import { openTokenizer } from "../../../src/tokenizer/tokenizer";
import { random } from "../onnx/mutate";
import { hasFixtures, readJson, referenceTokenizers } from "./fixtures";
import { mutateInPlace, pruned } from "./mutateJson";

const TEXT =
  "The naïve 日本 e\u0301 👍🏽 👩‍👩‍👧 <s>\r\n\u0000\t ½ שלום don't\u00a0I'LL 12345 aaaaaaaaaaaa!! \uD83D [MASK]";
const LONG = `${"word ".repeat(200)}${"a".repeat(600)}${" ".repeat(300)}\n`;

/** For a far larger run: HEADLIGHT_FUZZ_SECONDS=600 HEADLIGHT_FUZZ_SEED=7. */
const SECONDS = Number(process.env.HEADLIGHT_FUZZ_SECONDS ?? 30);
const SEED = Number(process.env.HEADLIGHT_FUZZ_SEED ?? 20261121);
const LONGEST_CASE_MS = 10_000;

/** "tokens", or the code of the one clear error; anything else throws. */
function outcome(file: unknown): string {
  try {
    nodeBounded({ model: "mutated", limitMs: LONGEST_CASE_MS }, () => {
      const { encode, decode, decodeOne, vocabSize } = openTokenizer({ tokenizerJson: file });
      for (const text of [TEXT, LONG]) {
        const tokens = encode(text);
        for (const { id, start, end } of tokens) {
          const isSpan = start === -1 ? end === -1 : 0 <= start && start <= end && end <= text.length;
          if (!isSpan) throw new Error(`span ${start} to ${end} of ${text.length}`);
          if (!Number.isInteger(id) || id < 0 || id >= vocabSize) throw new Error(`id ${id} of ${vocabSize}`);
          decodeOne(id);
        }
        decode(tokens.map(({ id }) => id));
      }
    });
    return "tokens";
  } catch (error) {
    if (!(error instanceof HeadlightError)) throw error;
    if (error.message.length > 400) throw new Error(`a message of ${error.message.length} characters`);
    return error.code;
  }
}

describe.skipIf(!hasFixtures)("mutated files of real tokenizers", () => {
  const names = referenceTokenizers();

  function run(fileOf: (name: string) => object, seconds: number, seed: number, most = Infinity) {
    const files = names.map((name) => fileOf(name) as Record<string, unknown>);
    const outcomes: Record<string, number> = {};
    const slow: string[] = [];
    const next = random(seed);
    const start = performance.now();
    let nCases = 0;
    for (; nCases < most && performance.now() - start < seconds * 1_000; nCases++) {
      const file = files[nCases % files.length]!;
      const undo = [mutateInPlace(file, next), ...(next() < 0.3 ? [mutateInPlace(file, next)] : [])];
      try {
        const code = outcome(file);
        outcomes[code] = (outcomes[code] ?? 0) + 1;
        if (code === "tokenizer-too-slow") slow.push(`case ${nCases} of ${names[nCases % files.length]}`);
      } catch (error) {
        const { name, message, stack } = error as Error;
        throw new Error(`case ${nCases} of ${names[nCases % files.length]}: ${name}: ${message}\n${stack}`);
      } finally {
        for (const back of undo.reverse()) back();
      }
    }
    console.info(`${nCases} mutated tokenizers`, outcomes);
    expect(slow).toEqual([]);
    return { nCases, outcomes };
  }

  const timeout = SECONDS * 2_000 + 60_000;

  it("whole: each ends in tokens, or in one clear error", { timeout }, () => {
    const { nCases, outcomes } = run(
      (name) => readJson(`tokenizers/${name}/tokenizer.json`) as object,
      SECONDS,
      SEED,
    );
    expect(nCases).toBeGreaterThan(SECONDS);
    expect(outcomes.tokens).toBeGreaterThan(SECONDS / 10);
    expect(outcomes["malformed-tokenizer"]).toBeGreaterThan(SECONDS / 10);
  });

  it("with the first 600 entries of their vocabularies: thousands of cases", { timeout }, () => {
    const few = (name: string) =>
      pruned(readJson(`tokenizers/${name}/tokenizer.json`) as Record<string, unknown>, 600);
    const { nCases, outcomes } = run(few, SECONDS, SEED + 1, SECONDS * 100);
    expect(nCases).toBeGreaterThan(SECONDS * 30);
    expect(outcomes.tokens).toBeGreaterThan(SECONDS * 5);
  });
});
