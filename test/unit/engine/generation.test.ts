import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { BlockKind } from "../../../src/core/run";
import { createEngine } from "../../../src/engine/handle";
import type { Engine } from "../../../src/engine/engine";
import { inlineStarter } from "../../../src/engine/inline";
import { createService } from "../../../src/engine/worker/service";
import { fileModel, folderModel } from "../../../src/model/folder";
import { nodeFiles } from "../../../src/node/files";
import { nodePlatform } from "../../../src/node/platform";
import type { EngineEvents, ModelSource } from "../../../src/protocol/engineContract";
import { fixtures, hasFixtures, runtimeFolder } from "../node/built";

/** What PyTorch decodes from the same weights: test/golden/generation/make_golden.py. */
interface Likely {
  readonly id: number;
  readonly probability: number;
}
interface Decoded {
  readonly text: string;
  readonly ids: number[];
  readonly steps: Likely[][];
}
interface Golden {
  readonly causal: (Decoded & {
    readonly model: string;
    readonly given: number;
    readonly count: number;
    /** [layers][heads][keys] of the last token. */
    readonly lastRows: number[][][];
    /** [embedding and layers][positions]. */
    readonly lens: (Likely & { readonly final: number })[][];
  })[];
  readonly dates: (Decoded & { readonly lastRows: Record<BlockKind, number[][][]> })[];
}

const root = path.resolve(import.meta.dirname, "../../..");
const golden = JSON.parse(
  readFileSync(path.join(root, "test/golden/generation/generation.json"), "utf8"),
) as Golden;
const embedded = async (id: string): Promise<ModelSource> =>
  (await folderModel(nodeFiles, path.join(root, "media/models", id))).source;
const fixture = async (name: string): Promise<ModelSource> => {
  const place = path.join(fixtures, "models", name);
  return (await (name.endsWith(".onnx") ? fileModel : folderModel)(nodeFiles, place)).source;
};

let engine: Engine;
let progress: Parameters<EngineEvents["progress"]>[0][] = [];
beforeAll(() => {
  const platform = nodePlatform(runtimeFolder);
  engine = createEngine(
    inlineStarter((emit) => createService(platform, emit)),
    { threads: 1, byteBudget: 1e9 },
  );
  engine.onEvent({ progress: (event) => progress.push(event) });
});

describe("continuing a text", { timeout: 120_000 }, () => {
  it.each(golden.causal.map((each) => [`${each.model}: ${each.text}`, each] as const))(
    "%s writes the tokens that PyTorch writes, with its probabilities",
    async (_, { model, text, given, count, ids, steps }) => {
      const source = await embedded(model);
      const run = await engine.inspect({ model: source, text, generate: { nTokens: count } });
      expect(run.tokens.map(({ id }) => id)).toEqual(ids);
      const written = ids.length - given;
      const end = written < count ? "end-token" : "length";
      const { text: writtenText, ...generated } = run.generated!;
      expect(generated).toEqual({ side: "source", start: given, count: written, nAsked: count, end });
      expect(writtenText).toBe(
        run.tokens
          .slice(given)
          .map((token) => token.text)
          .join(""),
      );
      expect(run.tokens.slice(given).every(({ start }) => start === -1)).toBe(true);
      const found = await engine.tokenPredictions({
        runId: run.runId,
        start: given,
        end: given + steps.length,
        count: 5,
      });
      found.forEach(({ likely, probability, rank }, step) => {
        const expected = steps[step]!;
        expect(likely[0]!.id).toBe(expected[0]!.id);
        expected.forEach((one, at) => expect(likely[at]!.probability).toBeCloseTo(one.probability, 4));
        if (given + step < ids.length) expect(rank).toBe(1);
        if (given + step < ids.length) expect(probability).toBeCloseTo(expected[0]!.probability, 4);
      });
    },
  );

  it.each(golden.causal.map((each) => [`${each.model}: ${each.text}`, each] as const))(
    "%s: the last token that was written attends as PyTorch has it",
    async (_, { model, text, count, ids, lastRows }) => {
      const source = await embedded(model);
      const { runId } = await engine.inspect({ model: source, text, generate: { nTokens: count } });
      for (const [layer, heads] of lastRows.entries()) {
        const choices = heads.map((_, head) => ({ block: "decoder", layer, head }) as const);
        const rows = await engine.vectors({
          runId,
          choices,
          measure: "weights",
          axis: "query",
          index: ids.length - 1,
        });
        rows.forEach((row, head) =>
          row.forEach((weight, key) => expect(weight).toBeCloseTo(heads[head]![key]!, 4)),
        );
      }
    },
  );

  it("puts the bytes of a character together in what it wrote", async () => {
    const model = await embedded("code-4x8");
    const text = "二零二二年北京冬奥会在北京举行。";
    const { tokens, generated } = await engine.inspect({ model, text, generate: { nTokens: 9 } });
    const pieces = tokens.slice(generated!.start).map((token) => token.text);
    expect(pieces.some((piece) => /^<0x[0-9A-F]{2}>$/.test(piece))).toBe(true);
    expect(generated!.text).not.toContain("<0x");
    expect(generated!.text).toMatch(/[\u4e00-\u9fff]/);
  });

  it("says how far it is, one token after the other", async () => {
    progress = [];
    await engine.inspect({
      model: await embedded("letters-2x2"),
      text: "abcab",
      generate: { nTokens: 4 },
    });
    expect(progress.filter(({ stage }) => stage === "generate").map(({ fraction }) => fraction)).toEqual([
      0, 0.25, 0.5, 0.75,
    ]);
  });

  it("can be cancelled between two tokens", async () => {
    const controller = new AbortController();
    let nTokens = 0;
    const stop = engine.onEvent({
      progress: ({ stage }) => {
        if (stage === "generate" && ++nTokens === 3) controller.abort();
      },
    });
    const model = await embedded("letters-2x2");
    const request = { model, text: "abcab", generate: { nTokens: 40 } };
    await expect(engine.inspect(request, { signal: controller.signal })).rejects.toMatchObject({
      code: "cancelled",
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    stop();
    expect(nTokens).toBe(3);
  });

  it("refuses more than the model reads, with the numbers and a way out", async () => {
    const model = await embedded("letters-2x2");
    await expect(engine.inspect({ model, text: "abcab", generate: { nTokens: 60 } })).rejects.toMatchObject({
      code: "continuation-too-long",
      message:
        "The text is 6 tokens and 60 more were asked for; letters-2x2 reads at most 64. Continue by at most 58.",
    });
  });

  it("refuses a model that fills in instead of continuing", async () => {
    const model = await embedded("encoder-4x8");
    await expect(engine.inspect({ model, text: "a b", generate: { nTokens: 2 } })).rejects.toMatchObject({
      code: "cannot-continue",
    });
  });
});

describe("the logit lens", { timeout: 120_000 }, () => {
  it.each(golden.causal.map((each) => [`${each.model}: ${each.text}`, each] as const))(
    "%s predicts after each layer what PyTorch does",
    async (_, { model, text, count, ids, lens }) => {
      const source = await embedded(model);
      const { runId } = await engine.inspect({ model: source, text, generate: { nTokens: count } });
      const found = await engine.logitLens({ runId, start: 0, end: ids.length, count: 3 });
      expect(found.missing).toBeUndefined();
      expect(found.rows.map(({ layer }) => layer)).toEqual(["embedding", ...lens.slice(1).keys()]);
      found.rows.forEach(({ cells }, row) =>
        cells.forEach(({ likely, final }, position) => {
          const expected = lens[row]![position]!;
          expect(likely[0]!.probability).toBeCloseTo(expected.probability, 4);
          expect(final).toBeCloseTo(expected.final, 4);
          // Two tokens may be as likely but for rounding.
          if (likely[0]!.probability - likely[1]!.probability > 1e-4) expect(likely[0]!.id).toBe(expected.id);
        }),
      );
    },
  );

  it("is not read a second time, and does not wait for what is running", async () => {
    const model = await embedded("letters-2x2");
    const { runId } = await engine.inspect({ model, text: "abcab" });
    const ask = { runId, start: 0, end: 5, count: 1 };
    const first = await engine.logitLens(ask);
    const order: string[] = [];
    progress = [];
    const running = engine.inspect({ model, text: "abcabc", generate: { nTokens: 20 } });
    const [again] = await Promise.all([
      engine.logitLens(ask).then((lens) => (order.push("lens"), lens)),
      running.then(() => order.push("run")),
    ]);
    expect(order).toEqual(["lens", "run"]);
    expect(again).toEqual(first);
  });

  const graphs = [
    ["gpt2-eager-ts-opset14", 2],
    ["gpt2-eager-dynamo-opset18", 2],
    ["llama-stories260K-eager-ts-opset17", 5],
    ["llama-stories260K-sdpa-dynamo-opset18", 5],
    ["qwen2-eager-ts-opset17", 2],
    ["qwen2-sdpa-dynamo-opset18", 2],
    // Sums and norms in one operation, keys and values handed over.
    ["tiny-random-gpt2/past.onnx", 5],
  ] as const;
  it.skipIf(!hasFixtures).each(graphs)(
    "of %s ends in the model's own predictions, after %i layers",
    async (name, nLayers) => {
      const ids = [1, 43, 7, 99, 43, 7];
      const { runId } = await engine.inspect({ model: await fixture(name), ids });
      const lens = await engine.logitLens({ runId, start: 0, end: ids.length, count: 5 });
      expect(lens.missing).toBeUndefined();
      expect(lens.rows.map(({ layer }) => layer)).toEqual([
        "embedding",
        ...Array.from({ length: nLayers }, (_, layer) => layer),
      ]);
      for (const [position, { likely, final }] of lens.rows.at(-1)!.cells.entries()) {
        const own = await engine.predictions({ runId, position, count: 5 });
        expect(likely.map(({ id }) => id)).toEqual(own.map(({ id }) => id));
        likely.forEach(({ probability }, at) => expect(probability).toBeCloseTo(own[at]!.probability, 5));
        expect(final).toBeCloseTo(own[0]!.probability, 5);
      }
      // Earlier states predict something else than the last one.
      const first = lens.rows[0]!.cells.map(({ likely }) => likely[0]!.probability);
      expect(first).not.toEqual(lens.rows.at(-1)!.cells.map(({ likely }) => likely[0]!.probability));
    },
  );

  it("says why where a graph has no residual stream", async () => {
    const { runId } = await engine.inspect({
      model: await embedded("dates-dot"),
      text: "7.8.2031",
      generate: {},
    });
    const lens = await engine.logitLens({ runId, start: 0, end: 1, count: 1 });
    expect(lens).toMatchObject({ rows: [], missing: "no residual stream leads to its predictions" });
  });
});

describe("an encoder-decoder", { timeout: 120_000 }, () => {
  it.each(golden.dates.map((each) => [each.text, each] as const))(
    "writes its target for %s as PyTorch does, and attends alike in all three blocks",
    async (text, { ids, steps, lastRows }) => {
      const model = await embedded("dates-2x4");
      const run = await engine.inspect({ model, text, generate: {} });
      expect(run.targetTokens?.map(({ id }) => id)).toEqual(ids);
      expect(run.generated).toEqual({
        side: "target",
        start: 1,
        count: ids.length - 1,
        nAsked: 47,
        end: "end-token",
        text: run
          .targetTokens!.slice(1)
          .map((token) => token.text)
          .join(""),
      });
      const { runId } = run;
      const found = await engine.tokenPredictions({ runId, start: 1, end: ids.length + 1, count: 5 });
      found.forEach(({ likely }, step) =>
        expect(likely[0]!.probability).toBeCloseTo(steps[step]![0]!.probability, 4),
      );
      for (const [block, layers] of Object.entries(lastRows)) {
        for (const [layer, heads] of layers.entries()) {
          const choices = heads.map((_, head) => ({ block: block as BlockKind, layer, head }));
          const index = (block === "encoder" ? text.length : ids.length) - 1;
          const rows = await engine.vectors({ runId, choices, measure: "weights", axis: "query", index });
          rows.forEach((row, head) =>
            row.forEach((weight, key) => expect(weight).toBeCloseTo(heads[head]![key]!, 4)),
          );
        }
      }
    },
  );

  it.each(["dates-additive", "dates-dot", "dates-scaled"])("%s writes the right date", async (id) => {
    const model = await embedded(id);
    const run = await engine.inspect({ model, text: "March 5th 1998", generate: {} });
    expect(
      run
        .targetTokens!.slice(1)
        .map(({ text }) => text)
        .join(""),
    ).toBe("1998-03-05");
  });

  it("takes a given target as it is, right or wrong, and says how likely each of its tokens was", async () => {
    const model = await embedded("dates-2x4");
    const run = await engine.inspect({ model, text: "March 5th 1998", targetText: "1998-04" });
    expect(run.generated).toBeUndefined();
    expect(run.targetTokens).toHaveLength(8);
    const found = await engine.tokenPredictions({ runId: run.runId, start: 1, end: 9, count: 2 });
    expect(found.slice(0, 6).every(({ rank }) => rank === 1)).toBe(true);
    expect(found[6]).toMatchObject({ index: 7, likely: [{ text: "3" }, {}] });
    expect(found[6]!.rank).toBeGreaterThan(1);
    expect(found[6]!.probability).toBeLessThan(0.01);
    expect(found[7]).toMatchObject({ index: 8, likely: [{ text: "-" }, {}] });
    expect(found[7]!.probability).toBeUndefined();
  });

  it("goes on after the beginning of a target that was given", async () => {
    const model = await embedded("dates-2x4");
    const run = await engine.inspect({ model, text: "March 5th 1998", targetText: "2001", generate: {} });
    expect(run.generated).toMatchObject({ side: "target", start: 5, end: "end-token" });
    expect(
      run
        .targetTokens!.slice(1)
        .map(({ text }) => text)
        .join(""),
    ).toBe("2001-03-05");
  });

  it.skipIf(!hasFixtures)(
    "of another exporter writes what its plain graph would, token by token",
    async () => {
      const model = await fixture("t5-eager-ts-opset17");
      const ids = [10, 11, 12, 1];
      const run = await engine.inspect({ model, ids, generate: { nTokens: 6 } });
      // The same by hand: one token longer each time, without the engine's loop.
      const byHand = [run.targetTokens![0]!.id];
      while (byHand.length < run.targetTokens!.length) {
        const { runId } = await engine.inspect({ model, ids, targetIds: byHand });
        const [best] = await engine.predictions({ runId, position: byHand.length - 1, count: 1 });
        byHand.push(best!.id);
      }
      expect(run.targetTokens!.map(({ id }) => id)).toEqual(byHand);
      const lens = await engine.logitLens({ runId: run.runId, start: 0, end: byHand.length, count: 1 });
      expect(lens.rows.map(({ layer }) => layer)).toEqual(["embedding", 0, 1]);
    },
  );
});
