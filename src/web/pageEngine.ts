import type { BackendFallback } from "../core/run";
import type { RunningWorker } from "../engine/engine";
import { openChannel, type Channel } from "../protocol/channel";
import {
  lanePort,
  type LanePort,
  type PageEngineContract,
  type PageEngineEvents,
  type PageEngineMessage,
  type PageEngineStart,
} from "../protocol/pageEngine";
import { gpuAdapter, webGpuMissing } from "./gpuAdapter";
import { startBlobWorker } from "./workerStarter";

interface OpenEngine {
  /** Undefined while it starts. */
  worker?: RunningWorker;
  readonly engine: LanePort;
  readonly files: LanePort;
  readonly close: () => void;
}

/**
 * Engines in workers of a page, for an extension whose own host has no WebGPU. All that they say goes through the page
 * to the extension, and back; the page itself reads none of it.
 */
export class PageEngines {
  readonly #open = new Map<number, OpenEngine>();
  readonly #start: LanePort;
  readonly #channel: Channel<object, PageEngineEvents>;

  constructor(private readonly post: (message: PageEngineMessage) => void) {
    this.#start = lanePort(post, "start", 0);
    this.#channel = openChannel<PageEngineContract, object, object, PageEngineEvents>(this.#start, {
      start: (request) => this.#startEngine(request),
      end: ({ engine }) => this.#end(engine),
    });
  }

  receive({ lane, engine, message }: PageEngineMessage): void {
    if (lane === "start") this.#start.receive(message);
    else this.#open.get(engine)?.[lane].receive(message);
  }

  async #startEngine({
    engine,
    backend,
    code,
    wasm,
  }: PageEngineStart): Promise<{ refused?: BackendFallback }> {
    // What the adapter decides is known before 17 MB of runtime are fetched.
    const refused = await refusal(backend);
    if (refused) return { refused };
    const { port1, port2 } = new MessageChannel();
    const files = lanePort(this.post, "files", engine);
    port1.onmessage = ({ data }: MessageEvent<unknown>) => files.post(data);
    files.listen((message) => port1.postMessage(message));
    const own: OpenEngine = {
      engine: lanePort(this.post, "engine", engine),
      files,
      close: () => port1.close(),
    };
    this.#open.set(engine, own);
    try {
      const [codeBytes, wasmBytes] = await Promise.all([fetchBytes(code), fetchBytes(wasm)]);
      const setup = { runtime: { wasm: wasmBytes }, files: port2, asks: "paths", hasGpu: true } as const;
      const worker = await startBlobWorker(codeBytes, setup, own.close);
      own.worker = worker;
      worker.port.listen((message) => own.engine.post(message));
      own.engine.listen((message) => worker.port.post(message));
      worker.onExit((reason, how) => {
        this.#open.delete(engine);
        this.#channel.emit("ended", { engine, reason, isGpuLost: how === "gpu-lost" });
      });
      if (!this.#open.has(engine)) await worker.terminate();
      return {};
    } catch (error) {
      this.#open.delete(engine);
      own.close();
      throw error;
    }
  }

  async #end(engine: number): Promise<void> {
    const own = this.#open.get(engine);
    this.#open.delete(engine);
    await own?.worker?.terminate();
  }
}

async function refusal(backend: PageEngineStart["backend"]): Promise<BackendFallback | undefined> {
  const missing = webGpuMissing();
  if (missing) return missing;
  const adapter = await gpuAdapter().catch(() => undefined);
  if (!adapter) return { code: "no-adapter" };
  if (backend === "auto" && adapter.isSoftware) return { code: "software-adapter", detail: adapter.name };
  return undefined;
}

async function fetchBytes(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} could not be read (${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}
