import { Worker } from "node:worker_threads";
import type { RunningWorker, WorkerStarter } from "../engine/engine";

/** What the worker is told at its start. */
export interface WorkerSetup {
  /** Folder of ort-wasm-simd-threaded.{mjs,wasm}. */
  readonly runtimeFolder: string;
}

/** Starts `workerFile` (the bundle of node/worker.ts) in a thread of its own. */
export function nodeWorkerStarter(workerFile: string, setup: WorkerSetup): WorkerStarter {
  return { start: () => startWorker(workerFile, setup) };
}

function startWorker(workerFile: string, setup: WorkerSetup): Promise<RunningWorker> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerFile, { workerData: setup, execArgv: [], stdout: true, stderr: true });
    let lastWords = "";
    worker.stderr.on("data", (chunk: Buffer) => (lastWords = (lastWords + chunk.toString()).slice(-2000)));
    worker.stdout.resume();
    let ending = false;
    let exited: string | undefined;
    let listener: ((reason: string) => void) | undefined;
    const exit = (reason: string) => {
      reject(new Error(reason));
      if (ending || exited !== undefined) return;
      exited = reason;
      listener?.(reason);
    };
    worker.on("error", (error) => exit(error.message));
    worker.on("exit", (code) => exit(`the worker ended with code ${code}. ${lastWords}`.trim()));
    worker.once("online", () =>
      resolve({
        port: {
          post: (message, transfer = []) => worker.postMessage(message, transfer),
          listen: (receive) => worker.removeAllListeners("message").on("message", receive),
        },
        terminate: async () => {
          ending = true;
          await worker.terminate();
        },
        onExit: (wanted) => {
          listener = wanted;
          if (exited !== undefined) wanted(exited);
        },
      }),
    );
  });
}
