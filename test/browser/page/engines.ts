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
const build = (code: string, suffix = "") => ({
  code: at(`dist/web/${code}`),
  mjs: at(`dist/runtime/ort-wasm-simd-threaded${suffix}.mjs`),
  wasm: at(`dist/runtime/ort-wasm-simd-threaded${suffix}.wasm`),
});
const starter = webWorkerStarter(files, build("worker.js"), build("gpuWorker.js", ".jspi"));
const engines = new Map<BackendSetting, Engine>();
window.logged = [];

window.runOn = async (backend, request) => {
  const engine = engines.get(backend) ?? createEngine(starter, { threads: 1, byteBudget: 1e9, backend });
  if (!engines.has(backend)) engine.onEvent({ log: ({ message }) => window.logged.push(message) });
  engines.set(backend, engine);
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
};

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
