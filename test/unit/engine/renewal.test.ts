import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine, WorkerStarter } from "../../../src/engine/engine";
import { createEngine } from "../../../src/engine/handle";
import type { ModelSource } from "../../../src/protocol/engineContract";
import { nodeWorkerStarter } from "../../../src/node/workerStarter";
import { loadModels, textOf } from "../../support/load";
import { build, root, runtimeFolder, temporaryFolder, workerFile } from "../node/built";

let folder: string;
let models: ModelSource[];
const engines: Engine[] = [];

beforeAll(async () => {
  build();
  folder = await temporaryFolder();
  models = await loadModels({ root, scratch: folder });
});
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  await rm(folder, { recursive: true });
});

/** An engine on real threads that counts them. */
function counting(byteBudget: number) {
  const real = nodeWorkerStarter(workerFile, { runtimeFolder });
  const count = { started: 0 };
  const starter: WorkerStarter = {
    start: (settings) => (count.started++, real.start(settings)),
  };
  const engine = createEngine(starter, { threads: 1, byteBudget }, { idleMs: 100 });
  engines.push(engine);
  return { engine, count };
}

const choice = (layer: number, head: number) => ({ block: "decoder", layer, head }) as const;
const replaced = (count: { started: number }) =>
  vi.waitFor(() => expect(count.started).toBeGreaterThan(1), 20_000);

describe("a worker whose heap has swelled", { timeout: 120_000 }, () => {
  it.each([
    ["float32", 1e9],
    ["bytes", 60e6],
    ["on-demand", 20e6],
  ])("is replaced when idle, and its runs kept as %s are as they were", async (form, byteBudget) => {
    const { engine, count } = counting(byteBudget);
    const { runId, kept } = await engine.inspect({ model: models[2]!, text: textOf(1700, 1) });
    expect(kept?.form ?? "float32").toBe(form);
    const window = { queryStart: 700, queryEnd: 730, keyStart: 0, keyEnd: 730 };
    const read = async () => {
      const { data } = await engine.matrix({ runId, choice: choice(1, 2), measure: "weights", window });
      const thumbnails = await engine.thumbnails({ runId, block: "decoder", size: 24 });
      return { data, thumbnails };
    };
    const before = await read();
    expect(Math.max(...before.data)).toBeGreaterThan(0);
    await replaced(count);
    expect(await read()).toEqual(before);
    const next = await engine.inspect({ model: models[0]!, text: "x = 1" });
    expect(next.durations.loadMs).toBeGreaterThan(0);
  });

  it("is replaced when idle, and its run in windows is as it was", async () => {
    const { engine, count } = counting(1e9);
    const { runId, windows } = await engine.inspect({
      model: models[0]!,
      text: textOf(1500, 2),
      inWindows: true,
    });
    expect(windows!.length).toBeGreaterThan(1);
    await engine.inspect({ model: models[2]!, text: textOf(1700, 1) });
    const window = { queryStart: 500, queryEnd: 530, keyStart: 0, keyEnd: 600 };
    const read = async () => {
      const { data } = await engine.matrix({ runId, choice: choice(1, 2), measure: "weights", window });
      return { data, likely: await engine.predictions({ runId, position: 5, count: 2 }) };
    };
    const before = await read();
    await replaced(count);
    expect(await read()).toEqual(before);
  });

  it("stays where a short text was all it ran", async () => {
    const { engine, count } = counting(1e9);
    await engine.inspect({ model: models[0]!, text: textOf(200, 1) });
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(count.started).toBe(1);
  });
});
