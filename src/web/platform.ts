import type { Platform } from "../engine/worker/platform";
import { webFiles } from "./files";

/** What the engine's worker side needs of a browser; `runtimeUrl` is the folder of ort-wasm-simd-threaded.{mjs,wasm}. */
export function webPlatform(runtimeUrl: string): Platform {
  const url = (name: string) => webFiles.within(runtimeUrl, name);
  return {
    files: webFiles,
    runtime: { mjs: url("ort-wasm-simd-threaded.mjs"), wasm: url("ort-wasm-simd-threaded.wasm") },
    // Threads share memory, which a page may do only when it is isolated from other origins.
    nCores: self.crossOriginIsolated ? navigator.hardwareConcurrency : 1,
  };
}
