import path from "node:path";
import type { Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../../scripts/folders.mjs";
import { openVscode, type ServedVscode } from "../servedVscode";
import { stepByStep } from "../stepByStep";

describe("A person's way through an inspection", () => {
  let vscode: ServedVscode;

  beforeAll(async () => {
    vscode = await openVscode({ file: "start-here.py", theme: "light" });
  });
  afterAll(() => vscode?.close());

  stepByStep(() => vscode, "failed");

  it("selects a function and inspects it from the palette; the inspector opens beside the editor", async () => {
    const { page, inspector } = vscode;
    await vscode.line("def add").click();
    await page.keyboard.press("Home");
    for (let press = 0; press < 6; press++) await page.keyboard.press("Shift+ArrowDown");
    await vscode.run("Headlight: Inspect Attention");
    await vscode.painted(".overview");
    await visible(inspector.getByRole("tab", { name: "Heads" }));
    await visible(inspector.getByText(/\d+ tokens/));
    await visible(page.locator(".statusbar-item", { hasText: /WASM.*tokens/ }));
    await vscode.picture("heads-light");
  });

  it("hovers a token in the editor: the strongest keys and the next tokens", async () => {
    const { page } = vscode;
    await vscode.pointAt("return first + second", "first");
    const hover = page.locator(".monaco-hover", { hasText: "attends to" });
    await visible(hover);
    const text = await hover.first().innerText();
    expect(text).toMatch(/attended by/);
    expect(text).toMatch(/next:/);
    const [shown] = await hover.all();
    await shown!.evaluate((box) => Promise.all(box.getAnimations().map(({ finished }) => finished)));
    await vscode.picture("editor-hover");
    await page.mouse.move(700, 700);
    await hover.first().waitFor({ state: "hidden" });
  });

  it("opens another head from the overview", async () => {
    const { inspector } = vscode;
    await inspector.getByRole("gridcell", { name: /layer 1.*head 6/i }).click();
    await vscode.painted(".figure");
    expect(await inspector.getByRole("grid", { name: /^Attention of one head/ }).count()).toBe(1);
    await vscode.picture("head-light");
  });

  it("reads the exact weight and both tokens of the cell under the pointer", async () => {
    const { inspector, page } = vscode;
    const box = await inspector.locator(".figure canvas.cells").boundingBox();
    await page.mouse.move(box!.x + box!.width * 0.3, box!.y + box!.height * 0.6);
    await expect
      .poll(() => inspector.locator(".readout").innerText())
      .toMatch(/weight\s*(0?\.\d{4}|<0\.001|1|0)/);
    await vscode.picture("head-hover-light");
  });

  it("walks the cells by keyboard, and says where it is", async () => {
    const { inspector, page } = vscode;
    await inspector.locator(".figure").focus();
    const spoken = () => inspector.locator("#head-cell").innerText();
    await page.keyboard.press("ArrowDown");
    const first = await spoken();
    await page.keyboard.press("ArrowDown");
    await expect.poll(spoken).not.toBe(first);
    expect(await spoken()).toMatch(/query .*key .*weight/i);
  });

  it("reveals a token of the inspector in the editor", async () => {
    const { inspector, page } = vscode;
    await page.mouse.move(600, 500);
    // One turn of the wheel moves the editor by a line or three, whatever its size.
    while (await vscode.line("def subtract").isVisible()) await page.mouse.wheel(0, 500);
    await inspector.getByRole("option", { name: /tra/ }).first().click();
    await visible(vscode.line("def subtract"));
    await vscode.picture("token-light");
  });

  it("is stale once the text changes, and runs again in one click", async () => {
    const { inspector, page } = vscode;
    const nBefore = await inspector.getByRole("option", { name: /first/ }).count();
    await vscode.line("return first + second").click();
    await page.keyboard.press("End");
    await page.keyboard.type(" + first");
    await visible(inspector.getByText("The text has changed since this inspection."));
    await vscode.picture("stale-light");
    await inspector.getByRole("button", { name: "Run again" }).click();
    await inspector.getByText("The text has changed since this inspection.").waitFor({ state: "hidden" });
    await expect.poll(() => inspector.getByRole("option", { name: /first/ }).count()).toBe(nBefore + 1);
  });

  it("comes back after a reload with the same text, layer and head", async () => {
    const { inspector, page } = vscode;
    const nTokens = await inspector.getByText(/^\d+ tokens$/).innerText();
    await vscode.stateKept((state) => state.includes('"head":6') && state.includes("second + first"));
    await page.reload();
    await vscode.painted(".figure");
    expect(await inspector.getByText(/^\d+ tokens$/).innerText()).toBe(nTokens);
    const chosen = (name: string) =>
      inspector
        .getByRole("combobox", { name, exact: true })
        .evaluate((box) => (box as HTMLSelectElement).value);
    expect(await chosen("Layer")).toBe("1");
    expect(await chosen("Head")).toBe("6");
  });

  it("survives a message that nobody should send", async () => {
    const { inspector } = vscode;
    await inspector.locator("body").evaluate(() => {
      const nonsense = [
        null,
        "text",
        { kind: "call", id: 1e9, method: "matrix", argument: { runId: 5, choice: "none" } },
        { kind: "call", id: 1e9 + 1, method: "__proto__", argument: {} },
        { kind: "event", event: "constructor" },
      ];
      const { headlightPort } = window as unknown as {
        headlightPort: { postMessage(message: unknown): void };
      };
      for (const message of nonsense) headlightPort.postMessage(message);
    });
    await inspector.getByRole("tab", { name: "Heads" }).click();
    await vscode.painted(".overview");
  });

  it("looks as the README shows it", async () => {
    const { page } = vscode;
    for (const theme of ["light", "dark"] as const) {
      await vscode.setTheme(theme);
      await vscode.painted(".overview");
      await vscode.picture(`inspector-${theme}`);
      if (process.env.HEADLIGHT_PICTURES) await page.screenshot({ path: readmePicture(theme) });
    }
  });

  for (const theme of ["dark", "high-contrast", "high-contrast-light"] as const) {
    it(`can be read in the ${theme} theme`, async () => {
      const { inspector } = vscode;
      await vscode.setTheme(theme);
      await vscode.painted(".overview");
      await vscode.picture(`heads-${theme}`);
      await inspector.getByRole("tab", { name: "Head", exact: true }).click();
      await vscode.painted(".figure");
      await vscode.picture(`head-${theme}`);
      await inspector.getByRole("tab", { name: "Heads" }).click();
    });
  }
});

/** HEADLIGHT_PICTURES=1 takes them again. */
function readmePicture(theme: string): string {
  return path.join(root, "docs", "images", `inspector-${theme}.png`);
}

async function visible(locator: Locator): Promise<void> {
  await locator.first().waitFor();
}
