import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine, RunningWorker, WorkerStarter } from "../../../src/engine/engine";
import type { Bounded } from "../../../src/engine/worker/bounded";
import { createService } from "../../../src/engine/worker/service";
import { createEngine } from "../../../src/engine/handle";
import { folderModel } from "../../../src/model/folder";
import { nodeBounded } from "../../../src/node/bounded";
import { nodeFiles } from "../../../src/node/files";
import { nodePlatform } from "../../../src/node/platform";
import { nodeWorkerStarter } from "../../../src/node/workerStarter";
import type { ModelSource } from "../../../src/protocol/engineContract";
import { stubbornText, stubbornTokenizer } from "../../support/stubbornTokenizer";
import { build, fixtures, hasFixtures, runtimeFolder, temporaryFolder, workerFile } from "../node/built";

let model: ModelSource;
/** Its positions are computed (RoPE), so that its graph takes texts of any length once its configuration allows it. */
let longModel: ModelSource;
let folder: string;
/** The real worker, with a listener for the crash. */
let mortalWorker: string;
let running: RunningWorker | undefined;
const engines: Engine[] = [];

beforeAll(async () => {
  build();
  folder = await temporaryFolder();
  mortalWorker = path.join(folder, "worker.js");
  await writeFile(
    mortalWorker,
    `require(${JSON.stringify(workerFile)});
require("node:worker_threads").parentPort.on("message", ({ kind }) => kind === "crash" && process.exit(3));`,
  );
  if (!hasFixtures) return;
  model = (await folderModel(nodeFiles, `${fixtures}/models/gpt2-eager-ts-opset14`)).source;
  longModel = await withoutLimit(`${fixtures}/models/llama-stories260K-eager-ts-opset17`);
});
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  await rm(folder, { recursive: true });
});

/** An engine on a real thread, whose worker a test can reach. */
function threaded(): Engine {
  const starter = nodeWorkerStarter(mortalWorker, { runtimeFolder });
  const watched: WorkerStarter = { start: async (settings) => (running = await starter.start(settings)) };
  const engine = createEngine(watched, { threads: 1, byteBudget: 1e9 });
  engines.push(engine);
  return engine;
}

const choice = { block: "decoder", layer: 0, head: 0 } as const;

describe.skipIf(!hasFixtures)("an engine on a thread of its own", { timeout: 120_000 }, () => {
  it("inspects, and sends a head as an exact copy", async () => {
    const engine = threaded();
    const { runId } = await engine.inspect({ model, ids: [1, 2, 3] });
    const { data } = await engine.matrix({ runId, choice, measure: "weights" });
    expect([data.length, data.buffer.byteLength]).toEqual([9, 36]);
  });

  it("stops for good when cancelled while it computes; the next inspection works, the lost run is unknown", async () => {
    const engine = threaded();
    const before = await engine.inspect({ model, ids: [1, 2, 3] });
    // Many long words, none like another, keep the thread busy for far longer than the grace.
    const controller = new AbortController();
    const busy = engine.tokenize(
      { model, text: Array.from({ length: 400_000 }, (_, i) => `w${i}x`).join(" ") },
      { signal: controller.signal },
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    const cancelledAt = performance.now();
    controller.abort();
    await expect(busy).rejects.toMatchObject({ code: "cancelled" });
    expect(performance.now() - cancelledAt).toBeLessThan(100);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await expect(engine.matrix({ runId: before.runId, choice, measure: "weights" })).rejects.toMatchObject({
      code: "unknown-run",
    });
    expect(await engine.inspect({ model, ids: [1] })).toMatchObject({ tokens: [{ id: 1 }] });
  });

  it("ends a run at once that is cancelled inside the runtime, and inspects with a new worker", async () => {
    const engine = threaded();
    const { tokens } = await engine.inspect({ model: longModel, ids: [1, 2, 3] });
    expect(tokens).toHaveLength(3);
    const first = running;
    const controller = new AbortController();
    let stage = "";
    const stop = engine.onEvent({ progress: (event) => (stage = event.stage) });
    // Far longer than the grace: seconds of one forward pass, in which the worker's thread hears nothing.
    const ids = Array.from({ length: 2000 }, (_, index) => 1 + (index % 400));
    let cancelledAt = 0;
    const cancel = async () => {
      while (stage !== "run") await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 200));
      cancelledAt = performance.now();
      controller.abort();
    };
    const busy = engine.inspect({ model: longModel, ids }, { signal: controller.signal });
    void cancel();
    await expect(busy).rejects.toMatchObject({ code: "cancelled" });
    expect(performance.now() - cancelledAt).toBeLessThan(100);
    expect(await engine.inspect({ model: longModel, ids: [1] })).toMatchObject({ tokens: [{ id: 1 }] });
    expect(running).not.toBe(first);
    stop();
  });

  it("says that the worker died, and the next inspection works", async () => {
    const engine = threaded();
    await engine.inspect({ model, ids: [1] });
    const lost = engine.inspect({ model, text: "Hello there" });
    crash();
    await expect(lost).rejects.toMatchObject({ code: "worker-died" });
    expect(await engine.inspect({ model, ids: [1] })).toMatchObject({ tokens: [{ id: 1 }] });
  });

  it("says which worker file could not be started", async () => {
    const engine = createEngine(nodeWorkerStarter("/nowhere/worker.js", { runtimeFolder }), {
      threads: 1,
      byteBudget: 1e9,
    });
    await expect(engine.inspect({ model, ids: [1] })).rejects.toThrow(
      /could not be started|stopped unexpectedly/,
    );
  });
});

describe("an engine whose tokenizer takes ages", { timeout: 60_000 }, () => {
  const stubborn = async (): Promise<ModelSource> => {
    const tokenizer = path.join(folder, "stubborn.json");
    await writeFile(tokenizer, JSON.stringify(stubbornTokenizer));
    return { id: "s", name: "s", source: "file", graph: "none.onnx", tokenizer };
  };

  it("is ended with one sentence; what waited behind it, and what comes later, is answered", async () => {
    const model = await stubborn();
    const starter = nodeWorkerStarter(workerFile, { runtimeFolder });
    // Seconds of the limit pass as tenths, so that the host ends the worker before the worker ends the task.
    const engine = createEngine(starter, { threads: 1, byteBudget: 1e9 }, { patienceTickMs: 100 });
    engines.push(engine);
    expect(await engine.tokenize({ model, text: "ab" })).toHaveLength(1);
    const hangs = engine.tokenize({ model, text: stubbornText });
    const waits = engine.tokenize({ model, text: "ab" });
    await expect(hangs).rejects.toMatchObject({
      code: "tokenizer-too-slow",
      message: expect.stringMatching(/^The tokenizer of s did not finish within 20\.1 s, so it was stopped/),
    });
    expect(await waits).toHaveLength(1);
    expect(await engine.tokenize({ model, text: "ab" })).toHaveLength(1);
  });

  it("is ended when the person cancels", async () => {
    const model = await stubborn();
    const engine = threaded();
    expect(await engine.tokenize({ model, text: "ab" })).toHaveLength(1);
    const controller = new AbortController();
    const hangs = engine.tokenize({ model, text: stubbornText }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 200);
    await expect(hangs).rejects.toMatchObject({ code: "cancelled" });
    expect(await engine.tokenize({ model, text: "ab" })).toHaveLength(1);
  });

  it("is ended by the worker itself where it can, and the worker lives on with its runs", async () => {
    const model = await stubborn();
    const bounded: Bounded = ({ model }, run) => nodeBounded({ model, limitMs: 500 }, run);
    const service = createService(
      { ...nodePlatform(runtimeFolder), bounded },
      { progress: () => {}, stubborn: (task) => told.push(task), swelled: () => {}, log: () => {} },
    );
    const told: unknown[] = [];
    const { signal } = new AbortController();
    await expect(service.tokenize({ model, text: stubbornText }, { signal })).rejects.toMatchObject({
      code: "tokenizer-too-slow",
    });
    expect(told).toEqual([
      { model: "s", limitMs: 60_000 },
      null,
      { model: "s", limitMs: expect.closeTo(20_100, -1) },
      null,
    ]);
    expect(await service.tokenize({ model, text: "ab" }, { signal })).toHaveLength(1);
  });
});

/** Between the stages of its work the thread ends itself, as a crash of the runtime would. */
function crash(): void {
  running!.port.post({ kind: "crash" });
}

/** A copy of a model's folder whose configuration allows 4,096 tokens. */
async function withoutLimit(from: string): Promise<ModelSource> {
  const to = path.join(folder, "long");
  await mkdir(path.join(to, "onnx"), { recursive: true });
  for (const name of ["tokenizer.json", "onnx/model.onnx"])
    await copyFile(path.join(from, name), path.join(to, name));
  const config = JSON.parse(await readFile(path.join(from, "config.json"), "utf8")) as object;
  await writeFile(path.join(to, "config.json"), JSON.stringify({ ...config, max_position_embeddings: 4096 }));
  return (await folderModel(nodeFiles, to)).source;
}
