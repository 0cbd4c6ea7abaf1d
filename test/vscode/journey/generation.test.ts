import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openVscode, type ServedVscode } from "../servedVscode";
import { stepByStep } from "../stepByStep";

const files = {
  "saw.txt": "I saw a saw. The saw saw\n",
  "dates.txt": "March 5th 1998\n\nthe 21st of October 1994\n",
};

describe("A person's way through what a model writes", () => {
  let vscode: ServedVscode;
  let from: string;

  beforeAll(async () => {
    from = fs.mkdtempSync(path.join(os.tmpdir(), "headlight-written-"));
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(from, name), text);
    vscode = await openVscode({ file: "saw.txt", theme: "light", from });
  });
  afterAll(async () => {
    await vscode?.close();
    fs.rmSync(from, { recursive: true });
  });

  stepByStep(() => vscode, "written-failed");

  it("continues a sentence by twelve tokens and lists them with their probabilities", async () => {
    const { page, inspector } = vscode;
    await vscode.line("I saw a saw").click();
    await vscode.run("Headlight: Inspect Attention");
    await vscode.painted(".overview");
    await vscode.run("Headlight: Show Generation");
    await visible(inspector.getByRole("heading", { name: "What it would write next" }));
    await inspector.getByRole("spinbutton", { name: /Continue by/ }).fill("12");
    await inspector.getByRole("button", { name: "Continue", exact: true }).click();
    await visible(inspector.getByText("9 tokens given, 12 written."));
    await expect.poll(() => inspector.locator(".written-row").count()).toBe(13);
    await expect.poll(() => inspector.locator(".written-row .probability").first().innerText()).toBe("0.971");
    await visible(inspector.getByRole("grid", { name: /^Logit lens/ }));
    await page.waitForTimeout(500);
    await vscode.picture("generation-light");
  });

  it("steps through the written tokens by keyboard; the editor stays as it is where a token has no place", async () => {
    const { page, inspector } = vscode;
    await inspector.getByRole("grid", { name: "Written tokens" }).focus();
    for (let press = 0; press < 5; press++) await page.keyboard.press("ArrowDown");
    await expect
      .poll(() => inspector.locator(".written-row[aria-selected=true] .index").innerText())
      .toBe("14");
    await inspector.locator(".strip .token.generated").nth(3).click();
    expect(await vscode.line("I saw a saw").innerText()).toContain("saw");
    await vscode.setTheme("dark");
    await page.waitForTimeout(500);
    await vscode.picture("generation-dark");
  });

  it("refuses more than the model reads before anything is run", async () => {
    const { inspector } = vscode;
    await inspector.getByRole("spinbutton", { name: /Continue by/ }).fill("600");
    await visible(inspector.getByText(/reads at most 512: continue by 1 to 503/));
  });

  it("writes a date in another form with the embedded encoder-decoder, step by step", async () => {
    const { page, inspector } = vscode;
    await vscode.run("Headlight: Choose Model");
    await page.locator(".quick-input-widget input").fill("Dates to ISO, encoder-decoder");
    await page
      .getByRole("option", { name: /Dates to ISO, encoder-decoder/ })
      .first()
      .click();
    await page.getByRole("treeitem", { name: "dates.txt" }).first().dblclick();
    await vscode.line("March 5th 1998").click();
    await page.keyboard.press("Home");
    await page.keyboard.press("Shift+End");
    await vscode.run("Headlight: Inspect Attention");
    await visible(inspector.getByRole("tab", { name: "Encoder-decoder" }));
    await vscode.run("Headlight: Show Encoder-Decoder");
    const steps = inspector.getByRole("listbox", { name: "Target, token by token" });
    await visible(steps);
    const written = async () =>
      (await steps.getByRole("option").allInnerTexts()).map((text) => text[0]).join("");
    await expect.poll(written).toMatch(/^1998-03-05/);
    await expect.poll(() => inspector.locator(".attentions .matrix-picture").count()).toBe(3);
    await page.waitForTimeout(500);
    await vscode.picture("encoder-decoder-dark");
    await steps.focus();
    await page.keyboard.press("Home");
    for (let press = 0; press < 5; press++) await page.keyboard.press("ArrowRight");
    await expect
      .poll(() => inspector.locator(".step-words").innerText())
      .toMatch(/Step 6 of 11: after - it writes 0/);
    await vscode.setTheme("light");
    await page.waitForTimeout(500);
    await vscode.picture("encoder-decoder-light");
  });

  it("reads a target that is given, and says what the model would have written", async () => {
    const { inspector } = vscode;
    await inspector.getByRole("radio", { name: "Given" }).click();
    const field = inspector.getByRole("textbox", { name: "Target text" });
    await field.fill("1998-04-05");
    await field.press("Enter");
    await inspector.getByRole("option", { name: /^4/ }).click();
    await expect
      .poll(() => inspector.locator(".step-words").innerText())
      .toMatch(/is given 4: the model's choice no\. \d/);
    await vscode.picture("encoder-decoder-given");
  });

  it("stands three scoring functions beside each other on that input", async () => {
    const { page, inspector } = vscode;
    await vscode.run("Headlight: Show Scoring Functions");
    await expect.poll(() => inspector.locator(".scored").count()).toBe(3);
    for (const text of await inspector.locator(".scored").allInnerTexts())
      expect(text).toContain("1998-03-05");
    await page.waitForTimeout(500);
    await vscode.picture("scoring-light");
    await vscode.setTheme("dark");
    await page.waitForTimeout(500);
    await vscode.picture("scoring-dark");
  });
});

function visible(locator: Locator): Promise<void> {
  return locator.first().waitFor();
}
