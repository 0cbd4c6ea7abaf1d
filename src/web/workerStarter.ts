import type { RunningWorker, WorkerStarter } from "../engine/engine";
import { openChannel, type Port } from "../protocol/channel";
import type { FilesContract } from "./filesContract";
import { hasWebGpu } from "./gpuAdapter";

/** What the worker is told first; a port of its own answers its questions about files. */
export interface WorkerSetup {
  readonly runtime: { readonly mjs: Uint8Array; readonly wasm: Uint8Array };
  readonly files: MessagePort;
  /** Whether the worker's code and the runtime are the build with WebGPU. */
  readonly hasGpu: boolean;
}

/** References of a worker's code and of the runtime's two files. */
export interface WorkerFiles {
  readonly code: string;
  readonly mjs: string;
  readonly wasm: string;
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
  const startPlain = () => startWorker(source, files, false);
  return {
    async start({ backend = "wasm" }) {
      if (backend === "wasm") return startPlain();
      if (!hasWebGpu()) return { ...(await startPlain()), noGpu: { code: "no-webgpu" } };
      return startWorker(source, gpuFiles, true);
    },
  };
}

async function startWorker(
  source: FilesContract,
  files: WorkerFiles,
  hasGpu: boolean,
): Promise<RunningWorker> {
  const read = (reference: string) => source.readAll({ reference });
  const [code, mjs, wasm] = await Promise.all([read(files.code), read(files.mjs), read(files.wasm)]);
  const script = URL.createObjectURL(new Blob([new Uint8Array(code)], { type: "text/javascript" }));
  const { port1, port2 } = new MessageChannel();
  openChannel<FilesContract, object, object, object>(messagePort(port1), {
    readAll: (request) => source.readAll(request),
    size: (request) => source.size(request),
    list: (request) => source.list(request),
  });
  try {
    const worker = new Worker(script, { name: "headlight-engine" });
    const setup: WorkerSetup = { runtime: { mjs, wasm }, files: port2, hasGpu };
    await untilRunning(worker, setup);
    return running(worker, () => port1.close());
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
  const end = () => {
    worker.terminate();
    close();
  };
  return {
    port: {
      post: (message, transfer = []) => worker.postMessage(message, transfer),
      listen: (receive) => {
        worker.onmessage = ({ data }: MessageEvent<unknown>) => receive(data);
      },
    },
    terminate: async () => end(),
    onExit: (listener) => {
      worker.onerror = (event) => {
        end();
        listener(event.message || "the worker failed");
      };
    },
  };
}

export function messagePort(port: MessagePort): Port {
  return {
    post: (message, transfer = []) => port.postMessage(message, transfer),
    listen: (receive) => {
      port.onmessage = ({ data }: MessageEvent<unknown>) => receive(data);
    },
  };
}
