import { availableParallelism, cpus, hostname } from "node:os";
import path from "node:path";
import type * as vscode from "vscode";
import { activateHeadlight } from "../host/activate";
import type { HeadlightApi } from "../host/api";
import { huggingFaceCache } from "./cacheFolder";
import { nodeFiles } from "./files";
import { nodeWorkerStarter } from "./workerStarter";

export function activate(context: vscode.ExtensionContext): HeadlightApi {
  const at = (...names: string[]) => path.join(context.extensionPath, ...names);
  return activateHeadlight(context, {
    worker: nodeWorkerStarter(at("dist", "node", "worker.js"), { runtimeFolder: at("dist", "runtime") }),
    files: nodeFiles,
    pageEngine: { code: "dist/web/gpuWorker.js", wasm: "dist/runtime/ort-wasm-simd-threaded.jspi.wasm" },
    machine: { name: `${hostname()}, ${cpus()[0]?.model}`, nCores: availableParallelism() },
    modelsFolder: at("media", "models"),
    cacheFolder: huggingFaceCache(process.env),
    referenceOf: (uri) => (uri.scheme === "file" ? uri.fsPath : undefined),
  });
}
