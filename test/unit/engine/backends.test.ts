import { describe, expect, it } from "vitest";
import { chooseBackend, type GpuAdapter } from "../../../src/engine/worker/backends";

const on = (adapter: GpuAdapter | undefined) => ({ gpu: async () => adapter });
const real = { name: "Some GPU", isSoftware: false };
const software = { name: "SwiftShader", isSoftware: true };

describe("the backend", () => {
  it("is WASM without a word where that is the setting", async () => {
    expect(await chooseBackend("wasm", on(real))).toEqual({ name: "wasm" });
  });

  it.each([
    ["auto", real, "webgpu", undefined],
    ["webgpu", real, "webgpu", undefined],
    ["webgpu", software, "webgpu", undefined],
    ["auto", software, "wasm", { code: "software-adapter", detail: "SwiftShader" }],
    ["auto", undefined, "wasm", { code: "no-adapter" }],
    ["webgpu", undefined, "wasm", { code: "no-adapter" }],
  ] as const)("for %s on %o is %s", async (setting, adapter, name, fallback) => {
    const choice = await chooseBackend(setting, on(adapter));
    expect(choice.name).toBe(name);
    expect("fallback" in choice ? choice.fallback : undefined).toEqual(fallback);
  });

  it("is WASM where the runtime has no WebGPU, where its starter says so, and where asking for an adapter fails", async () => {
    expect(await chooseBackend("webgpu", {})).toMatchObject({ fallback: { code: "no-webgpu" } });
    const missing = { code: "webgpu-refused", detail: "no files" } as const;
    expect(await chooseBackend("auto", on(real), missing)).toMatchObject({ fallback: missing });
    const gpu = () => Promise.reject(new Error("lost"));
    expect(await chooseBackend("webgpu", { gpu })).toMatchObject({ fallback: { code: "no-adapter" } });
  });
});
