import { describe, expect, it } from "vitest";
import { HeadlightError } from "../../../src/core/errors";
import { nodeBounded } from "../../../src/node/bounded";
import { openTokenizer } from "../../../src/tokenizer/tokenizer";
import { stubbornText, stubbornTokenizer } from "../../support/stubbornTokenizer";

const task = (limitMs: number) => ({ model: "m", limitMs });

describe("a computation with a limit", () => {
  it("gives what the computation gives, failures too, one inside another", () => {
    expect(nodeBounded(task(5_000), () => nodeBounded(task(5_000), () => 6) + 1)).toBe(7);
    const failure = new HeadlightError("a-code", "A sentence.");
    expect(() =>
      nodeBounded(task(5_000), () => {
        throw failure;
      }),
    ).toThrow(failure);
  });

  it("ends an expression that backtracks for ages, with one sentence, and this thread goes on", () => {
    const tokenizer = openTokenizer({ tokenizerJson: stubbornTokenizer });
    const start = performance.now();
    expect(() => nodeBounded(task(300), () => tokenizer.encode(stubbornText))).toThrow(
      "The tokenizer of m did not finish within 0.3 s, so it was stopped: one of its patterns may take ages for this text. Select less, choose another model, or give token ids (--ids).",
    );
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(nodeBounded(task(5_000), () => tokenizer.encode("ab"))).toHaveLength(1);
  });
});
