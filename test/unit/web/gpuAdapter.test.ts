import { afterEach, describe, expect, it, vi } from "vitest";
import { webGpuMissing } from "../../../src/web/gpuAdapter";

afterEach(() => vi.unstubAllGlobals());

describe("what WebGPU needs", () => {
  it.each([
    [{}, {}, { code: "no-webgpu" }],
    [{}, { Suspending: class {} }, { code: "no-webgpu" }],
    [{ gpu: {} }, {}, { code: "no-jspi" }],
    [{ gpu: {} }, { Suspending: class {} }, undefined],
  ])("navigator %j, WebAssembly %j", (navigator, webAssembly, missing) => {
    vi.stubGlobal("navigator", navigator);
    vi.stubGlobal("WebAssembly", webAssembly);
    expect(webGpuMissing()).toEqual(missing);
  });
});
