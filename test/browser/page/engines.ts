import { createEngine } from "../../../src/engine/handle";
import type { Engine } from "../../../src/engine/engine";
import { toReport } from "../../../src/core/errors";
import type { BackendSetting, InspectRequest, ModelSource } from "../../../src/protocol/engineContract";
import type { Backend, RunSummary } from "../../../src/core/run";
import type { FilesContract } from "../../../src/web/filesContract";
import { webWorkerStarter } from "../../../src/web/workerStarter";

/** What a run gave: every head's weights, one after the other, block by block. */
export interface EngineRun {
  readonly backend: Backend;
  readonly notices: RunSummary["notices"];
  readonly weights: number[][];
  readonly predicted: readonly { id: number; probability: number }[];
}

declare global {
  interface Window {
    /** Runs one request on an engine of the built workers, one engine for each backend. */
    runOn(backend: BackendSetting, request: InspectRequest): Promise<EngineRun>;
    /** The same on an engine of its own, whose graphics device is destroyed when it has been given so much work. */
    runAndLose(request: InspectRequest, afterSubmits: number): Promise<{ lost: EngineRun; next: EngineRun }>;
    logged: string[];
    /** Tokenises a text that takes ages and one that does not, at ten times the pace: the code of the failure, the number of tokens. */
    tokenizeStubborn(model: ModelSource, texts: [stubborn: string, short: string]): Promise<[string, number]>;
  }
}

const files: FilesContract = {
  async readAll({ reference }) {
    const response = await fetch(reference);
    if (!response.ok) throw new Error(`${reference}: ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  },
  async size({ reference }) {
    const response = await fetch(reference, { method: "HEAD" });
    return response.ok ? Number(response.headers.get("content-length")) : undefined;
  },
  list: async () => [],
};

const at = (path: string) => new URL(path, location.href).href;
const runtime = at("dist/runtime/ort-wasm-simd-threaded");
const plain = { code: at("dist/web/worker.js"), mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` };
const gpu = { code: at("dist/web/gpuWorker.js"), wasm: `${runtime}.jspi.wasm` };
const starter = webWorkerStarter(files, plain, gpu);
const engines = new Map<BackendSetting, Engine>();
window.logged = [];

window.runOn = async (backend, request) => {
  const engine = engines.get(backend) ?? createEngine(starter, { threads: 1, byteBudget: 1e9, backend });
  if (!engines.has(backend)) engine.onEvent({ log: ({ message }) => window.logged.push(message) });
  engines.set(backend, engine);
  return runWith(engine, request);
};

window.runAndLose = async (request, afterSubmits) => {
  const doomed: FilesContract = {
    ...files,
    async readAll({ reference }) {
      const bytes = await files.readAll({ reference });
      if (!reference.endsWith("gpuWorker.js")) return bytes;
      return new TextEncoder().encode(
        `(${String(loseDevice)})(${afterSubmits});${new TextDecoder().decode(bytes)}`,
      );
    },
  };
  const engine = createEngine(webWorkerStarter(doomed, plain, gpu), {
    threads: 1,
    byteBudget: 1e9,
    backend: "webgpu",
  });
  const lost = await runWith(engine, request);
  const next = await runWith(engine, request);
  await engine.stop();
  return { lost, next };
};

/** Runs in the worker, before its own code: destroys the device after so many submissions of work. */
function loseDevice(afterSubmits: number): void {
  interface Device {
    destroy(): void;
    readonly queue: { submit(work: unknown): void };
  }
  const { GPUAdapter } = globalThis as unknown as {
    GPUAdapter: { prototype: { requestDevice(...how: unknown[]): Promise<Device> } };
  };
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...how) {
    const device = await request.apply(this, how);
    const submit = device.queue.submit.bind(device.queue);
    let nSubmits = 0;
    device.queue.submit = (work) => {
      submit(work);
      if (++nSubmits === afterSubmits) device.destroy();
    };
    return device;
  };
}

async function runWith(engine: Engine, request: InspectRequest): Promise<EngineRun> {
  const run = await engine.inspect(request);
  const weights: number[][] = [];
  for (const { kind, layers } of run.blocks) {
    for (const { layer, nHeads, has } of layers) {
      for (let head = 0; has.includes("weights") && head < nHeads; head++) {
        const choice = { block: kind, layer, head };
        const { data } = await engine.matrix({ runId: run.runId, choice, measure: "weights" });
        weights.push([...data]);
      }
    }
  }
  const predicted = run.hasPredictions
    ? await engine.predictions({ runId: run.runId, position: 1, count: 3 })
    : [];
  return { backend: run.backend, notices: run.notices, weights, predicted };
}

window.tokenizeStubborn = async (model, [stubborn, short]) => {
  const settings = { threads: 1, byteBudget: 1e9, backend: "wasm" } as const;
  const engine = createEngine(starter, settings, { patienceTickMs: 100 });
  const failure = await engine.tokenize({ model, text: stubborn }).then(
    () => "none",
    (error: unknown) => toReport(error).code,
  );
  const { length } = await engine.tokenize({ model, text: short });
  await engine.stop();
  return [failure, length];
};
