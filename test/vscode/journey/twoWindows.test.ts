import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { throwawayFolder } from "../../../scripts/folders.mjs";
import { openVscode, type ServedVscode, type ServedWindow } from "../servedVscode";

/** What each window inspects, and with which model: of another size and kind than the other's. */
const first = {
  file: "first.py",
  text: "total = price + price\n",
  word: "price",
  model: "code-4x8",
  name: "Code and English",
};
const second = {
  file: "second.txt",
  text: "the river meets the other river\n",
  word: "river",
  model: "encoder-4x8",
  name: "bidirectional encoder",
};

describe("Two windows of one VS Code server", () => {
  let vscode: ServedVscode;
  let windows: ServedWindow[];
  beforeAll(async () => {
    const from = folderOf(first);
    vscode = await openVscode({ file: first.file, from, settings: { "headlight.model": first.model } });
    windows = [vscode, await vscode.openWindow(folderOf(second), second.file)];
  });
  afterAll(() => vscode?.close());

  it("inspect at once, each its own text with its own model, and each is painted and named rightly", async () => {
    for (const { page } of windows) {
      await page.locator(".monaco-editor .view-line").first().click();
      await page.keyboard.press("Control+A");
    }
    await Promise.all(windows.map((window) => window.run("Headlight: Inspect Attention")));
    await Promise.all(windows.map((window) => window.painted(".overview")));
    const shown = await Promise.all(windows.map(shownIn));
    expect(shown[0]!.title).toContain(first.name);
    expect(shown[1]!.title).toContain(second.name);
    expect(shown[0]!.tokens).toContain(first.word);
    expect(shown[1]!.tokens).toContain(second.word);
    expect(shown[0]!.tokens).not.toContain(second.word);
    expect(shown[1]!.tokens).not.toContain(first.word);
  });

  it("go on at once: each follows its own next inspection while the other is inspecting too", async () => {
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        windows.map(async ({ page }, at) => {
          await page.locator(".monaco-editor .view-line").first().click();
          await page.keyboard.press("Control+End");
          await page.keyboard.type(`${at === 0 ? "more" : "next"}${round} `);
          await page.keyboard.press("Control+A");
        }),
      );
      await Promise.all(windows.map(({ page }) => page.keyboard.press("Control+Alt+a")));
      for (const [at, word] of [`more${round}`, `next${round}`].entries()) {
        await expect
          .poll(async () => (await shownIn(windows[at]!)).tokens.replace(/\s/g, ""), { timeout: 60_000 })
          .toContain(word);
        await windows[at]!.painted(".overview");
      }
    }
    await vscode.picture("two-windows-first");
    await windows[1]!.picture("two-windows-second");
  });
});

function folderOf({ file, text, model }: typeof first): string {
  const folder = throwawayFolder("two-windows");
  fs.mkdirSync(path.join(folder, ".vscode"));
  fs.writeFileSync(path.join(folder, ".vscode/settings.json"), JSON.stringify({ "headlight.model": model }));
  fs.writeFileSync(path.join(folder, file), text);
  return folder;
}

/** The model and the tokens as the inspector names them. */
async function shownIn({ inspector }: ServedWindow): Promise<{ title: string; tokens: string }> {
  return {
    title: await inspector.locator(".header").innerText(),
    tokens: (await inspector.locator(".strip").first().innerText()).replace(/[\n·]/g, ""),
  };
}
