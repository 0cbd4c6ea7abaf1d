import { copyFile, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../../src/engine/engine";
import { createEngine } from "../../../src/engine/handle";
import { inlineStarter } from "../../../src/engine/inline";
import { createService } from "../../../src/engine/worker/service";
import { fetchesWeights } from "../../../src/engine/worker/trustExternal";
import { fileModel, folderModel } from "../../../src/model/folder";
import { nodeFiles } from "../../../src/node/files";
import { nodePlatform } from "../../../src/node/platform";
import type { ModelSource } from "../../../src/protocol/engineContract";
import { fixtures, hasFixtures, runtimeFolder } from "../node/built";

const at = (name: string) => path.join(fixtures, "models", name);
let gpt2: ModelSource;
let llama: ModelSource;
let bert: ModelSource;
let engine: Engine;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "headlight-service-"));
  if (!hasFixtures) return;
  gpt2 = (await folderModel(nodeFiles, at("gpt2-eager-ts-opset14"))).source;
  llama = (await folderModel(nodeFiles, at("llama-stories260K-eager-ts-opset17"))).source;
  bert = (await folderModel(nodeFiles, at("bert-eager-ts-opset14"))).source;
  const platform = nodePlatform(runtimeFolder);
  engine = createEngine(
    inlineStarter((emit) => createService(platform, emit)),
    { threads: 1, byteBudget: 1e9 },
  );
});
afterEach(async () => engine?.configure({ threads: 1, byteBudget: 1e9 }));
afterAll(() => rm(folder, { recursive: true }));

const decoder = (layer: number, head: number) => ({ block: "decoder", layer, head }) as const;

describe.skipIf(!hasFixtures)("the engine's service", () => {
  it("keeps a model warm: the second run loads nothing", async () => {
    const first = await engine.inspect({ model: gpt2, text: "Hello there" });
    const second = await engine.inspect({ model: gpt2, text: "Hello there" });
    expect(first.durations.loadMs).toBeGreaterThan(0);
    expect(second.durations.loadMs).toBe(0);
    expect(second.runId).not.toBe(first.runId);
  });

  it("answers ahead what is asked along with a run, without what does not fit it", async () => {
    const choice = decoder(1, 2);
    const { runId, ahead } = await engine.inspect({
      model: gpt2,
      ids: [5, 6, 7],
      ahead: [
        { method: "thumbnails", query: { block: "decoder", size: 64 } },
        { method: "matrix", query: { choice: decoder(99, 0), measure: "weights" } },
        { method: "matrix", query: { choice, measure: "weights" } },
      ],
    });
    expect(ahead?.map(({ method }) => method)).toEqual(["thumbnails", "matrix"]);
    expect(ahead?.[0]?.value).toEqual(await engine.thumbnails({ runId, block: "decoder", size: 64 }));
    expect(ahead?.[1]?.value).toEqual(await engine.matrix({ runId, choice, measure: "weights" }));
    expect(ahead?.[1]?.query).toMatchObject({ runId });
  });

  it("answers the same text a second time from the run it has, shown or released, where that will do", async () => {
    const request = { model: gpt2, text: "Hello there, hello", mayReuse: true };
    const query = { choice: decoder(1, 2), measure: "weights" } as const;
    const first = await engine.inspect({ ...request, mayReuse: false });
    const { data } = await engine.matrix({ ...query, runId: first.runId });
    const shown = await engine.inspect(request);
    await engine.release({ runId: first.runId });
    await engine.release({ runId: shown.runId });
    const released = await engine.inspect(request);
    for (const run of [shown, released]) {
      expect(run).toMatchObject({ isReused: true, durations: { runMs: 0 }, tokens: first.tokens });
      expect(run.runId).not.toBe(first.runId);
    }
    expect((await engine.matrix({ ...query, runId: released.runId })).data).toEqual(data);
    await expect(engine.matrix({ ...query, runId: shown.runId })).rejects.toMatchObject({
      code: "unknown-run",
    });
  });

  it("computes anew what differs in text, limit or model, and what must not be reused", async () => {
    const request = { model: gpt2, text: "Hello there, you", mayReuse: true };
    await engine.inspect(request);
    for (const other of [
      { text: "Hello there, they" },
      { tokenLimit: 9 },
      { model: bert },
      { mayReuse: false },
    ]) {
      expect(
        (await engine.inspect({ ...request, ...other })).isReused,
        JSON.stringify(other),
      ).toBeUndefined();
    }
  });

  it("brings scores that were not captured by running again, and they give the weights", async () => {
    const { runId } = await engine.inspect({ model: gpt2, ids: [5, 6, 7] });
    const choice = decoder(1, 2);
    const weights = (await engine.matrix({ runId, choice, measure: "weights" })).data;
    const scores = (await engine.matrix({ runId, choice, measure: "scores" })).data;
    for (let query = 0; query < 3; query++) {
      const row = Array.from(scores.subarray(query * 3, query * 3 + 3), Math.exp);
      const sum = row.reduce((a, b) => a + b);
      row.forEach((e, key) => expect(weights[query * 3 + key]).toBeCloseTo(e / sum, 5));
    }
  });

  it("brings q, k, v and output, and the output is weights times v, key heads shared as the model says", async () => {
    const { runId, blocks } = await engine.inspect({ model: llama, ids: [1, 403, 407, 261] });
    expect(blocks[0]!.layers[0]).toMatchObject({ nHeads: 8, nKeyHeads: 4 });
    for (const head of [0, 5]) {
      const address = decoder(2, head);
      const { data: weights } = await engine.matrix({ runId, choice: address, measure: "weights" });
      const v = await engine.headVectors({ runId, address, which: "v" });
      const output = await engine.headVectors({ runId, address, which: "output" });
      expect(v.dims).toEqual([4, 8]);
      for (let query = 0; query < 4; query++) {
        for (let d = 0; d < 8; d++) {
          let sum = 0;
          for (let key = 0; key < 4; key++) sum += weights[query * 4 + key]! * v.data[key * 8 + d]!;
          expect(output.data[query * 8 + d]).toBeCloseTo(sum, 4);
        }
      }
    }
  });

  it("predicts: probabilities fall, lie within 0..1, and their sum over the vocabulary is 1", async () => {
    const { runId, tokens } = await engine.inspect({ model: llama, text: "Once upon a" });
    const likely = await engine.predictions({ runId, position: tokens.length - 1, count: 512 });
    // The real TinyStories 260K model: its stories begin "Once upon a time".
    expect(likely[0]!.text).toBe(" time");
    expect(likely[0]!.probability).toBeGreaterThan(0.9);
    expect(likely.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    const sorted = [...likely].sort((a, b) => b.probability - a.probability);
    expect(likely.map(({ id }) => id)).toEqual(sorted.map(({ id }) => id));
    await expect(engine.predictions({ runId, position: 99, count: 1 })).rejects.toMatchObject({
      code: "bad-choice",
    });
  });

  it("says that a model without an output over its vocabulary predicts nothing", async () => {
    const { runId, hasPredictions } = await engine.inspect({ model: bert, text: "Hello" });
    expect(hasPredictions).toBe(false);
    await expect(engine.predictions({ runId, position: 0, count: 1 })).rejects.toMatchObject({
      code: "no-predictions",
    });
  });

  it("names the mask of a decoder and of an encoder", async () => {
    const causal = await engine.inspect({ model: gpt2, ids: [1, 2, 3] });
    const full = await engine.inspect({ model: bert, text: "Hello you" });
    expect(causal.blocks[0]!.layers[0]!.mask.kind).toBe("causal");
    expect(full.blocks[0]).toMatchObject({ kind: "encoder", layers: [{ mask: { kind: "none" } }, {}] });
  });

  it("forgets released and evicted runs, and says so", async () => {
    const first = await engine.inspect({ model: gpt2, ids: [1, 2] });
    const second = await engine.inspect({ model: gpt2, ids: [1, 2] });
    const third = await engine.inspect({ model: gpt2, ids: [1, 2] });
    const ask = (runId: string) => engine.matrix({ runId, choice: decoder(0, 0), measure: "weights" });
    await engine.release({ runId: second.runId });
    await expect(ask(second.runId)).rejects.toMatchObject({ code: "unknown-run" });
    await engine.configure({ threads: 1, byteBudget: 1 });
    await expect(ask(first.runId)).rejects.toMatchObject({ code: "unknown-run" });
    expect((await ask(third.runId)).data).toHaveLength(4);
  });

  it("drops a queued inspection that was superseded before it started", async () => {
    const controller = new AbortController();
    const started: string[] = [];
    const leave = engine.onEvent({ progress: ({ stage }) => started.push(stage) });
    const first = engine.inspect({ model: gpt2, ids: [1] });
    const second = engine.inspect({ model: gpt2, ids: [2] }, { signal: controller.signal });
    const third = engine.inspect({ model: gpt2, ids: [3] });
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: "cancelled" });
    await Promise.all([first, third]);
    leave();
    expect(started.filter((stage) => stage === "run")).toHaveLength(2);
  });

  it("refuses texts over the context with the numbers, a person's own limit included", async () => {
    const long = "word ".repeat(300);
    await expect(engine.inspect({ model: gpt2, text: long })).rejects.toThrow(/reads at most 128/);
    await expect(engine.inspect({ model: gpt2, ids: [1, 2, 3], tokenLimit: 2 })).rejects.toThrow(
      "is 3 tokens; gpt2-eager-ts-opset14 reads at most 2",
    );
  });

  it("names a tokenizer or graph that is missing or broken, and works afterwards", async () => {
    const moved = { ...gpt2, graph: path.join(folder, "gone.onnx") };
    await expect(engine.inspect({ model: moved, ids: [1] })).rejects.toThrow("gone.onnx cannot be read");
    await writeFile(path.join(folder, "broken.json"), "{");
    const broken = { ...gpt2, tokenizer: path.join(folder, "broken.json") };
    await expect(engine.inspect({ model: broken, text: "a" })).rejects.toThrow(
      "broken.json is not valid JSON",
    );
    await expect(engine.inspect({ model: { ...gpt2, graph: "" }, ids: [1] })).rejects.toMatchObject({
      code: "bad-request",
    });
    expect(await engine.inspect({ model: gpt2, ids: [1] })).toMatchObject({ tokens: [{ id: 1 }] });
  });

  it("opens a lone .onnx file with ids, in fp16 and quantised, and the rows sum to one", async () => {
    for (const name of ["model_fp16", "model_quantized", "model_q4"]) {
      const file = path.join(folder, `${name}.onnx`);
      await copyFile(path.join(at("llama-stories260K-eager-ts-opset17"), "onnx", `${name}.onnx`), file);
      const { source } = await fileModel(nodeFiles, file);
      const { notices, blocks, runId } = await engine.inspect({ model: source, ids: [1, 403, 407] });
      expect(blocks[0]!.layers, name).toHaveLength(5);
      expect(notices.filter(({ code }) => code !== "tokenizer-not-exact")).toEqual([]);
      const { data } = await engine.matrix({ runId, choice: decoder(4, 7), measure: "weights" });
      expect(data[6]! + data[7]! + data[8]!).toBeCloseTo(1, 2);
    }
  });

  it("opens a model whose folder has #, %, spaces and umlauts in its name", async () => {
    const odd = path.join(folder, "a #1 50% ü");
    await cp(at("gpt2-eager-ts-opset14"), odd, { recursive: true });
    const { source } = await folderModel(nodeFiles, odd);
    expect((await engine.inspect({ model: source, text: "Hello" })).tokens.length).toBeGreaterThan(0);
  });

  it("trusts the runtime to fetch weights part by part, after trying it", async () => {
    expect(await fetchesWeights()).toBe(true);
  });
});
