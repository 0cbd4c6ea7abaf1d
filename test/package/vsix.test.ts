import fs from "node:fs";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packVsix } from "../../scripts/package/vsix.mjs";
import { openVscode, type ServedVscode } from "../vscode/servedVscode";

describe("The packed extension", () => {
  let file: string;
  let firstLoad: { name: string; byteLength: number }[];
  let names: string[];
  let read: (name: string) => string;

  beforeAll(async () => {
    ({ file, firstLoad } = await packVsix());
    const entries = unzipSync(fs.readFileSync(file));
    names = Object.keys(entries).map((name) => name.replace(/^extension\//, ""));
    read = (name) => new TextDecoder().decode(entries[`extension/${name}`]);
  });

  it.each([
    "package.json",
    "readme.md",
    "changelog.md",
    "LICENSE.txt",
    "THIRD_PARTY_NOTICES.txt",
    "dist/node/extension.js",
    "dist/node/worker.js",
    "dist/web/extension.js",
    "dist/web/worker.js",
    "dist/web/gpuWorker.js",
    "dist/webview/inspector.js",
    "dist/webview/inspector.css",
    "dist/webview/views.css",
    "dist/runtime/ort-wasm-simd-threaded.mjs",
    "dist/runtime/ort-wasm-simd-threaded.wasm",
    "dist/runtime/ort-wasm-simd-threaded.jspi.wasm",
  ])("holds %s", (name) => {
    expect(names).toContain(name);
  });

  it("holds whatever its manifest names", () => {
    const manifest = JSON.parse(read("package.json")) as Record<string, unknown>;
    for (const key of ["main", "browser", "icon"]) {
      expect(names, key).toContain(String(manifest[key]).replace(/^\.\//, ""));
    }
  });

  it("holds a model with its tokenizer and card", () => {
    const models = names.filter((name) => /^media\/models\/[^/]+\/model\.onnx$/.test(name));
    expect(models.length).toBeGreaterThan(0);
    for (const model of models) {
      for (const other of ["tokenizer.json", "config.json", "card.md"]) {
        expect(names).toContain(model.replace("model.onnx", other));
      }
    }
  });

  it("holds no sources, tests, maps, caches or folders of tools", () => {
    const strange = names.filter(
      (name) =>
        /\.(ts|mts|map|py|vsix)$/.test(name) ||
        /^(src|webview|test|scripts|training|out|node_modules|samples|docs|\.)/.test(name),
    );
    expect(strange).toEqual([]);
  });

  it("names the licence of every package in its bundles", () => {
    const notices = read("THIRD_PARTY_NOTICES.txt");
    const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
    for (const [name, version] of Object.entries(dependencies))
      expect(notices).toContain(`${name} ${version}`);
  });

  it("keeps what VS Code loads for the first page under 400 KB together", () => {
    const byteLength = firstLoad.reduce((sum, loaded) => sum + loaded.byteLength, 0);
    expect(names).toEqual(expect.arrayContaining(firstLoad.map(({ name }) => name)));
    expect(firstLoad.map(({ name }) => name)).toContain("dist/node/extension.js");
    expect(firstLoad.length).toBeGreaterThan(3);
    expect(byteLength).toBeLessThan(400 * 1024);
  });

  describe("installed", () => {
    let vscode: ServedVscode;
    beforeAll(async () => {
      vscode = await openVscode({ file: "start-here.py", vsix: file });
    });
    afterAll(() => vscode?.close());

    it("inspects the paragraph at the cursor", async () => {
      await vscode.page.locator(".view-line", { hasText: "return first + second" }).click();
      await vscode.run("Headlight: Inspect Attention");
      await vscode.painted(".overview");
      await vscode.inspector.getByText(/^\d+ tokens$/).waitFor();
      await vscode.picture("installed");
    });
  });
});
