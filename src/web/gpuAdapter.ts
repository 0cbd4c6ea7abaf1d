import type { BackendFallback } from "../core/run";
import type { GpuAdapter } from "../engine/worker/backends";

/** What of WebGPU is looked at; browsers' own types are not in every version of TypeScript's library. */
interface Gpu {
  requestAdapter(options?: { powerPreference?: "high-performance" }): Promise<{
    readonly isFallbackAdapter?: boolean;
    readonly info?: {
      readonly vendor?: string;
      readonly architecture?: string;
      readonly description?: string;
      readonly isFallbackAdapter?: boolean;
    };
  } | null>;
}

/** The adapter that models would run on, or undefined where the browser has none. */
export async function gpuAdapter(): Promise<GpuAdapter | undefined> {
  const { gpu } = navigator as unknown as { gpu?: Gpu };
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return undefined;
  const { vendor = "", architecture = "", description = "" } = adapter.info ?? {};
  const name = description || [vendor, architecture].filter(Boolean).join(" ") || "unknown adapter";
  const saysSo = adapter.isFallbackAdapter ?? adapter.info?.isFallbackAdapter ?? false;
  return { name, isSoftware: saysSo || /swiftshader|llvmpipe|lavapipe|basic render/i.test(name) };
}

/**
 * Why this thread cannot run the runtime's WebGPU build: no graphics interface, or no WebAssembly that can wait for it
 * (JSPI: Chromium from 137 on, Electron from 37). Undefined where it can.
 */
export function webGpuMissing(): BackendFallback | undefined {
  if (!("gpu" in navigator)) return { code: "no-webgpu" };
  if (!("Suspending" in WebAssembly)) return { code: "no-jspi" };
  return undefined;
}
