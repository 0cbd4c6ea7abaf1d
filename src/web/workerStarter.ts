import type { RunningWorker, WorkerStarter } from "../engine/engine";
import { inlineStarter } from "../engine/inline";
import { createService } from "../engine/worker/service";
import { webPlatform } from "./platform";

/** What the worker is told first. */
export interface WorkerSetup {
  /** Folder of ort-wasm-simd-threaded.{mjs,wasm}. */
  readonly runtimeUrl: string;
}

/**
 * Starts the bundle of web/worker.ts at `workerUrl` in a worker; where the page may start none, the engine runs
 * in this thread, and `onInline` is told why.
 */
export function webWorkerStarter(
  workerUrl: string,
  setup: WorkerSetup,
  onInline: (reason: string) => void,
): WorkerStarter {
  const inline = inlineStarter((emit) => createService(webPlatform(setup.runtimeUrl), emit));
  let refused = false;
  return {
    async start() {
      if (refused) return inline.start();
      try {
        return await startWorker(workerUrl, setup);
      } catch (error) {
        refused = true;
        onInline(error instanceof Error ? error.message : String(error));
        return inline.start();
      }
    },
  };
}

/** A worker must be of the page's own origin: a script of another one is fetched and started from a blob. */
async function startWorker(workerUrl: string, setup: WorkerSetup): Promise<RunningWorker> {
  const response = await fetch(workerUrl);
  if (!response.ok) throw new Error(`${workerUrl}: the server answered ${response.status}`);
  const script = URL.createObjectURL(new Blob([await response.text()], { type: "text/javascript" }));
  try {
    const worker = new Worker(script, { name: "headlight-engine" });
    await untilRunning(worker, setup);
    return running(worker);
  } finally {
    URL.revokeObjectURL(script);
  }
}

/** Refusals of a worker come as an error event after the constructor has returned. */
function untilRunning(worker: Worker, setup: WorkerSetup): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message || "the worker was refused"));
    worker.onmessage = () => resolve();
    worker.postMessage(setup);
  });
}

function running(worker: Worker): RunningWorker {
  return {
    port: {
      post: (message, transfer = []) => worker.postMessage(message, transfer),
      listen: (receive) => {
        worker.onmessage = ({ data }: MessageEvent<unknown>) => receive(data);
      },
    },
    terminate: async () => worker.terminate(),
    onExit: (listener) => {
      worker.onerror = (event) => {
        worker.terminate();
        listener(event.message || "the worker failed");
      };
    },
  };
}
