import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root, throwawayFolder } from "../../../scripts/folders.mjs";
import { writeGeneratedModel } from "../../support/generatedModel";
import { openVscode, type ServedVscode } from "../servedVscode";

describe("A text of nearly 4,096 tokens, with a model that reads so many", () => {
  let vscode: ServedVscode;
  beforeAll(async () => {
    const from = throwawayFolder("long-text");
    const lines = Array.from({ length: 190 }, (_, i) => `value_${i} = compute(${i}, other_${i})\n`);
    fs.writeFileSync(path.join(from, "long.py"), lines.join(""));
    const model = throwawayFolder("long-model");
    await writeGeneratedModel(
      model,
      { nLayers: 4, nHeads: 8, dHead: 16, context: 4096, vocab: 4096 },
      path.join(root, "media/models/code-4x8/tokenizer.json"),
    );
    vscode = await openVscode({ file: "long.py", from, settings: { "headlight.model": model } });
  });
  afterAll(() => vscode?.close());

  it("is inspected as bytes, with the error said, while VS Code goes on answering", async () => {
    const { page, inspector } = vscode;
    await vscode.line("value_3").click();
    await page.keyboard.press("Control+A");
    await vscode.run("Headlight: Inspect Attention");
    // The extension host answers other commands while the engine runs.
    const started = Date.now();
    await vscode.run("Headlight: Show Log");
    const answeredMs = Date.now() - started;
    await inspector.locator(".run-title .form", { hasText: "weights as bytes, ± 0.004" }).waitFor();
    await vscode.painted(".overview");
    expect(answeredMs).toBeLessThan(30_000);
    const shown = await inspector.locator(".run-title .count").innerText();
    expect(Number.parseInt(shown.replace(",", ""))).toBeGreaterThan(3000);
    await vscode.picture("long-heads");
    await vscode.run("Headlight: Show Head");
    await vscode.painted(".figure");
    await vscode.picture("long-head");
  });
});
