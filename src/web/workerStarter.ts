import type { BackendFallback } from "../core/run";
import type { EndListener, RunningWorker, WorkerStarter } from "../engine/engine";
import { openChannel, type Port } from "../protocol/channel";
import type { FilesContract } from "./filesContract";
import { webGpuMissing } from "./gpuAdapter";

/** What the worker is told first; a port of its own answers its questions about files. */
export interface WorkerSetup {
  readonly runtime: RuntimeBytes;
  readonly files: MessagePort;
  /** How it asks for files: whole ones by URI (FilesContract), or parts by path (PageFilesContract). */
  readonly asks: "uris" | "paths";
  /** Whether the worker's code and the runtime are the build with WebGPU. */
  readonly hasGpu: boolean;
}

/** `mjs`: absent where it is inside the worker's code. */
export interface RuntimeBytes {
  readonly mjs?: Uint8Array;
  readonly wasm: Uint8Array;
}

/** References of a worker's code and of the runtime's files. */
export interface WorkerFiles {
  readonly code: string;
  readonly mjs?: string;
  readonly wasm: string;
}

/** worker -> whoever started it, beside the engine's own messages. */
export interface GpuLost {
  readonly kind: "gpu-lost";
  readonly reason: string;
}

/**
 * Starts the bundle of web/worker.ts from a blob. Nothing is fetched: the files of an extension may lie where only
 * the editor's file system reaches (vscode-remote:), so that reads them, here and for the worker.
 */
export function webWorkerStarter(
  source: FilesContract,
  files: WorkerFiles,
  gpuFiles: WorkerFiles,
): WorkerStarter {
  let lost: BackendFallback | undefined;
  const startPlain = () => startFrom(source, files, false);
  return {
    async start({ backend = "wasm" }) {
      if (backend === "wasm") {
        // Whoever turns WebGPU on again wants it tried again.
        lost = undefined;
        return startPlain();
      }
      const noGpu = lost ?? webGpuMissing();
      if (noGpu) return { ...(await startPlain()), noGpu };
      const worker = await startFrom(source, gpuFiles, true);
      return {
        ...worker,
        onExit: (listener) =>
          worker.onExit((reason, how) => {
            if (how === "gpu-lost") lost = { code: "device-lost", detail: reason };
            listener(reason, how);
          }),
      };
    },
  };
}

async function startFrom(
  source: FilesContract,
  { code, mjs, wasm }: WorkerFiles,
  hasGpu: boolean,
): Promise<RunningWorker> {
  const read = (reference: string) => source.readAll({ reference });
  const [codeBytes, mjsBytes, wasmBytes] = await Promise.all([read(code), mjs && read(mjs), read(wasm)]);
  const { port1, port2 } = new MessageChannel();
  openChannel<FilesContract, object, object, object>(messagePort(port1), {
    readAll: (request) => source.readAll(request),
    size: (request) => source.size(request),
    list: (request) => source.list(request),
  });
  const runtime = { ...(mjsBytes && { mjs: mjsBytes }), wasm: wasmBytes };
  return startBlobWorker(codeBytes, { runtime, files: port2, asks: "uris", hasGpu }, () => port1.close());
}

/** Starts a worker from its code's bytes; `close` is called when it is over. */
export async function startBlobWorker(
  code: Uint8Array,
  setup: WorkerSetup,
  close: () => void,
): Promise<RunningWorker> {
  const script = URL.createObjectURL(new Blob([new Uint8Array(code)], { type: "text/javascript" }));
  try {
    const worker = new Worker(script, { name: "headlight-engine" });
    await untilRunning(worker, setup);
    return running(worker, close);
  } finally {
    URL.revokeObjectURL(script);
  }
}

/** Refusals of a worker come as an error event after the constructor has returned. */
function untilRunning(worker: Worker, setup: WorkerSetup): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message || "the worker was refused"));
    worker.onmessage = () => resolve();
    worker.postMessage(setup, [setup.files]);
  });
}

function running(worker: Worker, close: () => void): RunningWorker {
  let told: EndListener | undefined;
  const end = () => {
    worker.terminate();
    close();
  };
  const lost = ({ reason }: GpuLost) => {
    end();
    told?.(reason, "gpu-lost");
  };
  return {
    port: {
      post: (message, transfer = []) => worker.postMessage(message, transfer),
      listen: (receive) => {
        worker.onmessage = ({ data }: MessageEvent<unknown>) =>
          isGpuLost(data) ? lost(data) : receive(data);
      },
    },
    freesMemory: true,
    terminate: async () => end(),
    onExit: (listener) => {
      told = listener;
      worker.onerror = (event) => {
        end();
        listener(event.message || "the worker failed");
      };
    },
  };
}

function isGpuLost(data: unknown): data is GpuLost {
  return (data as Partial<GpuLost> | null)?.kind === "gpu-lost";
}

export function messagePort(port: MessagePort): Port {
  return {
    post: (message, transfer = []) => port.postMessage(message, transfer),
    listen: (receive) => {
      port.onmessage = ({ data }: MessageEvent<unknown>) => receive(data);
    },
  };
}
