import type { BackendFallback } from "../../core/run";
import type { BackendSetting } from "../../protocol/engineContract";
import type { Platform } from "./platform";

/** What a browser says of its graphics adapter. */
export interface GpuAdapter {
  readonly name: string;
  /** Drawn by the processor: right, but slower than WASM. */
  readonly isSoftware: boolean;
}

/** Where models are to run: on WebGPU if each agrees with WASM, or on WASM, with the reason where that was not the wish. */
export type BackendChoice =
  | { readonly name: "webgpu"; readonly adapter: string }
  | { readonly name: "wasm"; readonly fallback?: BackendFallback };

/** "auto" takes a real adapter only; "webgpu" takes what there is. `missing`: why there is no WebGPU where this runs. */
export async function chooseBackend(
  setting: BackendSetting,
  { gpu }: Pick<Platform, "gpu">,
  missing?: BackendFallback,
): Promise<BackendChoice> {
  if (setting === "wasm") return { name: "wasm" };
  if (missing) return { name: "wasm", fallback: missing };
  if (!gpu) return { name: "wasm", fallback: { code: "no-webgpu" } };
  const adapter = await gpu().catch(() => undefined);
  if (!adapter) return { name: "wasm", fallback: { code: "no-adapter" } };
  if (setting === "auto" && adapter.isSoftware) {
    return { name: "wasm", fallback: { code: "software-adapter", detail: adapter.name } };
  }
  return { name: "webgpu", adapter: adapter.name };
}
