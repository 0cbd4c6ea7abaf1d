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

  it("lists what was chosen last first, and one click on its row is enough", async () => {
    const { page } = vscode;
    const box = page.locator(".quick-input-widget");
    for (const name of ["Letters", "Code"]) {
      await vscode.run("Headlight: Choose Model");
      // As soon as its row is there, however much of the list is still to come.
      await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().click();
      await box.waitFor({ state: "hidden" });
    }
    await vscode.run("Headlight: Choose Model");
    await expect
      .poll(async () => (await rows()).slice(0, 2).map((row) => /Letters|Code/.exec(row)?.[0]))
      .toEqual(["Code", "Letters"]);
    await page.keyboard.press("Escape");
    await box.waitFor({ state: "hidden" });
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
