import { describe, expect, it } from "vitest";
import { durationText, statusLines, statusText } from "../../../src/host/statusText";
import { english } from "./english";
import { runOf } from "./fakeEngine";

describe("the status bar", () => {
  it("names model, size, backend with threads, tokens and time", () => {
    expect(statusText(runOf("r", "I saw a saw"), english)).toBe("M 2x3 · WASM 2 · 4 tokens · 84 ms");
  });

  it("does not repeat a size that is part of the name", () => {
    const run = runOf("r", "a", 4, 8);
    const named = { ...run, model: { ...run.model, name: "Code 4x8" } };
    expect(statusText(named, english)).toMatch(/^Code 4x8 · WASM/);
  });

  it("says which adapter computes, or that WebGPU does not although it was wished for, and why", () => {
    const run = runOf("r", "I saw a saw");
    const gpu = { ...run, backend: { name: "webgpu", adapter: "Some GPU" } } as const;
    expect(statusText(gpu, english)).toContain("· WebGPU ·");
    expect(statusLines(gpu, english)).toContain("WebGPU on Some GPU");
    const fallback = { code: "webgpu-disagrees", detail: "0.0034" } as const;
    const wasm = { ...run, backend: { name: "wasm", threads: 2, fallback } } as const;
    expect(statusText(wasm, english)).toContain("· WASM 2, not WebGPU ·");
    expect(statusLines(wasm, english).join("\n")).toMatch(/WASM in place of WebGPU: .*0\.0034/);
    const lost = {
      ...wasm,
      backend: { name: "wasm", fallback: { code: "device-lost", detail: "unplugged" } },
    } as const;
    expect(statusLines(lost, english)).toContain(
      "WASM in place of WebGPU: the graphics adapter was lost while a model ran on it: unplugged",
    );
  });

  it.each([
    [0.2, "<1 ms"],
    [83.6, "84 ms"],
    [999.7, "1.0 s"],
    [12_345, "12.3 s"],
  ])("writes %f ms as %s", (durationMs, text) => {
    expect(durationText(durationMs)).toBe(text);
  });
});
