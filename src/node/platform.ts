import { availableParallelism, totalmem } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Platform } from "../engine/worker/platform";
import { nodeBounded } from "./bounded";
import { nodeFiles } from "./files";
import { RUNTIME_WASM } from "./runtimeFile";

/** What the engine's worker side needs of Node; `runtimeFolder` holds ort-wasm-simd-threaded.{mjs,wasm}. */
export function nodePlatform(runtimeFolder: string): Platform {
  const url = (name: string) => pathToFileURL(path.join(runtimeFolder, name)).href;
  return {
    files: nodeFiles,
    runtime: { mjs: url("ort-wasm-simd-threaded.mjs"), wasm: url(RUNTIME_WASM) },
    nCores: availableParallelism(),
    memoryBytes: memoryBytes(),
    bounded: nodeBounded,
  };
}

/** Of a container where it is bounded; Node says 0, or more than there is, where it is not. */
function memoryBytes(): number {
  const bounded = process.constrainedMemory();
  return bounded > 0 ? Math.min(bounded, totalmem()) : totalmem();
}
