import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openVscode, type ServedVscode } from "../servedVscode";

describe("A person's way through models", () => {
  let vscode: ServedVscode;
  beforeAll(async () => {
    vscode = await openVscode({ file: "start-here.py", theme: "light" });
    vscode.page.setDefaultTimeout(30_000);
  });
  afterAll(() => vscode?.close());

  const rows = () => vscode.page.locator(".quick-input-list .monaco-list-row").allInnerTexts();

  it("lists every model with what it is", async () => {
    const { page } = vscode;
    await vscode.line("return first + second").click();
    await vscode.run("Headlight: Choose Model");
    await expect.poll(async () => (await rows()).join("\n")).toMatch(/Letters[^]*2 ?x ?2/);
    await expect.poll(async () => (await rows()).join("\n")).toMatch(/int8[^]*MB/);
    await vscode.picture("models-light");
    await page.keyboard.press("Escape");
    await page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  });

  it("computes the weights again from the model's own q and k, layer by layer", async () => {
    const { page } = vscode;
    await vscode.run("Headlight: Verify this Model");
    await page
      .locator(".view-line", { hasText: /largest\sdifference/ })
      .first()
      .waitFor();
    const said = await page.locator(".monaco-editor .view-lines").allInnerTexts();
    expect(said.join("\n").replaceAll("\u00a0", " ")).toMatch(/decoder +0 +\d+\/\d+ +\d/);
    await page.waitForTimeout(500);
    await vscode.picture("verified-light");
  });
});
