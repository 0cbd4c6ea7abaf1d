import { createEngine } from "../../../src/engine/handle";
import type { Engine } from "../../../src/engine/engine";
import { toReport } from "../../../src/core/errors";
import type { BackendSetting, InspectRequest, ModelSource } from "../../../src/protocol/engineContract";
import type { Backend, Measure, RunSummary } from "../../../src/core/run";
import type { FilesContract } from "../../../src/web/filesContract";
import { webWorkerStarter } from "../../../src/web/workerStarter";

/** What a run gave: every head's weights, one after the other, block by block. */
export interface EngineRun {
  readonly backend: Backend;
  readonly notices: RunSummary["notices"];
  readonly weights: number[][];
  readonly predicted: readonly { id: number; probability: number }[];
}

export interface Everything {
  readonly backend: Backend;
  readonly kept?: string;
  readonly notices: RunSummary["notices"];
  readonly numbers: number[][];
  /** For each row and position the likely tokens. */
  readonly lens: readonly (readonly (readonly { id: number; probability: number }[])[])[];
}

declare global {
  interface Window {
    /** Runs one request on an engine of the built workers, one engine for each backend. */
    runOn(backend: BackendSetting, request: InspectRequest): Promise<EngineRun>;
    /** The same on an engine of its own, whose graphics device is destroyed when it has been given so much work. */
    runAndLose(request: InspectRequest, afterSubmits: number): Promise<{ lost: EngineRun; next: EngineRun }>;
    /** Bytes that come from the graphics memory for the scores of a layer's first head, and then for those of its second. */
    fetchedFor(
      request: InspectRequest,
      layer: number,
    ): Promise<{ backend: Backend; first: number; again: number }>;
    /** Weights, or weights with scores and vectors, of the first two layers, and the logit lens, on an engine of its own with this much room. */
    everythingOn(
      backend: BackendSetting,
      request: InspectRequest,
      byteBudget: number,
      measures: readonly Measure[],
    ): Promise<Everything>;
    /** Asks for the logit lens, whose graph is damaged when it is read first, and again after another inspection. */
    lensRefused(
      request: InspectRequest,
    ): Promise<{ before: Backend; failure: string; after: Backend; nRows: number }>;
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
  const engine = patchedEngine(`(${String(loseDevice)})(${afterSubmits})`);
  // What was lost after it was computed is asked for again, as the extension does.
  const lost = await runWith(engine, request).catch(() => runWith(engine, request));
  const next = await runWith(engine, request);
  await engine.stop();
  return { lost, next };
};

window.fetchedFor = async (request, layer) => {
  const engine = patchedEngine(`(${String(countFetched)})("${FETCHED}")`);
  let nBytes = 0;
  const channel = new BroadcastChannel(FETCHED);
  channel.onmessage = ({ data }: MessageEvent<number>) => (nBytes += data);
  const { runId, backend, blocks } = await engine.inspect(request);
  const { kind } = blocks[0]!;
  const counted = async (head: number) => {
    await heard(channel);
    const before = nBytes;
    await engine.matrix({ runId, choice: { block: kind, layer, head }, measure: "scores" });
    await heard(channel);
    return nBytes - before;
  };
  const [first, again] = [await counted(0), await counted(1)];
  await engine.stop();
  channel.close();
  return { backend, first, again };
};

window.lensRefused = async (request) => {
  let isDamaged = false;
  const damaging: FilesContract = {
    ...files,
    async readAll(asked) {
      const bytes = await files.readAll(asked);
      if (isDamaged && asked.reference === request.model.graph) {
        isDamaged = false;
        renameOperator(bytes, "Relu", "Relx");
      }
      return bytes;
    },
  };
  const settings = { threads: 1, byteBudget: 1e9, backend: "webgpu" } as const;
  const engine = createEngine(webWorkerStarter(damaging, plain, gpu), settings);
  const before = await engine.inspect(request);
  isDamaged = true;
  const query = { start: 0, end: 2, count: 3 };
  const failure = await engine.logitLens({ runId: before.runId, ...query }).then(
    () => "none",
    (error: unknown) => toReport(error).code,
  );
  const after = await engine.inspect({ ...request, mayReuse: true });
  const { rows } = await engine.logitLens({ runId: after.runId, ...query });
  await engine.stop();
  return { before: before.backend, failure, after: after.backend, nRows: rows.length };
};

/** Gives every node of this type another one, of as many letters, that no runtime has. */
function renameOperator(bytes: Uint8Array, from: string, to: string): void {
  const [old, next] = [from, to].map((name) => new TextEncoder().encode(name));
  // NodeProto.op_type is field 4: its tag and its length come before it.
  for (let at = 2; at < bytes.length; at++) {
    if (bytes[at - 2] !== 0x22 || bytes[at - 1] !== old!.length) continue;
    if (old!.every((byte, i) => bytes[at + i] === byte)) bytes.set(next!, at);
  }
}

window.everythingOn = async (backend, request, byteBudget, measures) => {
  const engine = createEngine(starter, { threads: 1, byteBudget, backend });
  const run = await engine.inspect(request);
  const { runId } = run;
  const numbers: number[][] = [];
  const { kind, layers } = run.blocks[0]!;
  for (const { layer, nHeads, has } of layers.slice(0, 2)) {
    for (const measure of measures) {
      if (!has.includes(measure)) continue;
      for (let head = 0; head < nHeads; head++) {
        const choice = { block: kind, layer, head };
        const { data } = await engine.matrix({ runId, choice, measure });
        // Scores of keys that may not be seen are as low as each backend likes.
        numbers.push(Array.from(data, (value) => (value < -1e4 ? 0 : value)));
      }
    }
    for (const which of ["q", "k", "v", "output"] as const) {
      if (!has.includes(which) || !measures.includes("scores")) continue;
      const { data } = await engine.headVectors({ runId, address: { block: kind, layer, head: 0 }, which });
      numbers.push([...data]);
    }
  }
  const lens = run.hasPredictions ? await engine.logitLens({ runId, start: 0, end: 2, count: 3 }) : undefined;
  await engine.stop();
  return {
    backend: run.backend,
    kept: run.kept?.form,
    notices: run.notices,
    numbers,
    lens: lens?.rows.map(({ cells }) => cells.map(({ likely }) => likely)) ?? [],
  };
};

const FETCHED = "headlight-fetched";

/** An engine on WebGPU whose worker runs some code before its own. */
function patchedEngine(before: string): Engine {
  const patched: FilesContract = {
    ...files,
    async readAll({ reference }) {
      const bytes = await files.readAll({ reference });
      if (!reference.endsWith("gpuWorker.js")) return bytes;
      return new TextEncoder().encode(`${before};${new TextDecoder().decode(bytes)}`);
    },
  };
  const settings = { threads: 1, byteBudget: 1e9, backend: "webgpu" } as const;
  return createEngine(webWorkerStarter(patched, plain, gpu), settings);
}

/** When all that workers said so far was heard: a message of this page's own comes after them. */
function heard(channel: BroadcastChannel): Promise<void> {
  const { name } = channel;
  return new Promise((resolve) => {
    const listener = ({ data }: MessageEvent<unknown>) => {
      if (data !== 0) return;
      channel.removeEventListener("message", listener);
      resolve();
    };
    channel.addEventListener("message", listener);
    const own = new BroadcastChannel(name);
    own.postMessage(0);
    own.close();
  });
}

/** Runs in the worker, before its own code: tells how many bytes come from the graphics memory. */
function countFetched(name: string): void {
  const { GPUBuffer } = globalThis as unknown as {
    GPUBuffer: { prototype: { mapAsync(...how: unknown[]): Promise<void>; readonly size: number } };
  };
  const channel = new BroadcastChannel(name);
  const { mapAsync } = GPUBuffer.prototype;
  const READ = 1;
  GPUBuffer.prototype.mapAsync = function (mode: unknown, ...rest) {
    if (mode === READ) channel.postMessage(this.size);
    return mapAsync.call(this, mode, ...rest);
  };
}

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
