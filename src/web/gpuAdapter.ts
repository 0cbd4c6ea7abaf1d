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

/** Whether this thread can run the runtime's WebGPU build: a graphics interface, and WebAssembly that can wait for it. */
export function hasWebGpu(): boolean {
  return "gpu" in navigator && "Suspending" in WebAssembly;
}
