import fs from "node:fs";
import path from "node:path";
import { readNpz } from "../../support/npz";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { panelFrame } from "../panelFrame";
import { openVscode, type ServedVscode } from "../servedVscode";
import { stepByStep } from "../stepByStep";

describe("A person's way from a token to the difference of two heads", () => {
  let vscode: ServedVscode;
  beforeAll(async () => {
    vscode = await openVscode({ file: "start-here.py", theme: "light" });
    vscode.page.setDefaultTimeout(30_000);
  });
  afterAll(() => vscode?.close());

  stepByStep(() => vscode, "failed-comparing");

  /** What the dropdowns of A and B say: layer and head of each. */
  const pinned = async () =>
    (await panelFrame(vscode.page))
      .locator(".pin-choice vscode-dropdown")
      .evaluateAll((boxes) => boxes.map((box) => (box as HTMLSelectElement).value));
  const saveAs = async (kind: string) => {
    const { page } = vscode;
    const panel = await panelFrame(page);
    await panel.locator(".compare-head").getByRole("button", { name: "Export" }).click();
    await panel.locator(".compare-head").getByRole("menuitem", { name: kind }).click();
    const box = page.locator(".quick-input-widget input");
    await box.waitFor();
    await expect.poll(() => box.inputValue()).toContain("headlight-compare");
    const file = path.join(vscode.folder, path.basename(await box.inputValue()));
    await page.keyboard.press("Enter");
    await expect
      .poll(() => fs.existsSync(file) && fs.statSync(file).size > 0, { timeout: 20_000 })
      .toBe(true);
    return fs.readFileSync(file, "utf8");
  };

  it("inspects a function, moves the caret, and sees the shading follow", async () => {
    const { page } = vscode;
    await vscode.line("def subtract").click();
    await vscode.run("Headlight: Inspect Attention");
    await vscode.painted(".overview");
    await vscode.line("return first - second").click();
    await page.keyboard.press("End");
    const shades = () =>
      page
        .locator('.view-overlays [class*="ced-"]')
        .evaluateAll((all) => all.map((each) => `${each.className} ${each.getAttribute("style")}`).join());
    await expect.poll(shades).not.toBe("");
    await page.waitForTimeout(500);
    const before = await shades();
    for (let move = 0; move < 2; move++) await page.keyboard.press("Control+ArrowLeft");
    await expect.poll(shades).not.toBe(before);
    await page.waitForTimeout(300);
    await vscode.picture("compare-caret");
  });

  it("hovers a token and follows its link to a head", async () => {
    const { page, inspector } = vscode;
    await vscode.pointAt("return first - second", "first");
    const hover = page.locator(".monaco-hover", { hasText: "matters most to" }).first();
    await hover.waitFor();
    await hover.evaluate((box) => Promise.all(box.getAnimations().map(({ finished }) => finished)));
    await vscode.picture("compare-hover");
    await hover.getByText(/^Open L/).click();
    await inspector.locator(".figure").first().waitFor();
    await page.mouse.move(700, 700);
  });

  it("pins A and B and reads the difference at a cell", async () => {
    const { page } = vscode;
    await vscode.run("Headlight: Focus on Heads View");
    const panel = await panelFrame(page);
    await panel.locator('[data-name="L1 H6"]').focus();
    await page.keyboard.press("a");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("b");
    await panel.locator(".compare-pictures").waitFor();
    expect(await pinned()).toEqual(["1", "6", "1", "7"]);
    await panel.locator(".matrix-picture").last().focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"]) await page.keyboard.press(key);
    const here = panel.locator(".compare-here");
    await expect.poll(() => here.innerText()).toMatch(/→.* A \S+\s+B \S+\s+A − B [+−]/s);
    for (const theme of ["light", "dark", "high-contrast", "high-contrast-light"] as const) {
      await vscode.setTheme(theme);
      await page.waitForTimeout(300);
      await vscode.picture(`compare-heads-${theme}`);
    }
    await vscode.setTheme("light");
  });

  it("exports the comparison as numbers and as a picture", async () => {
    const numbers = JSON.parse(await saveAs("JSON")) as {
      a: { layer: number; head: number };
      divergence: { mean: number; perQuery: number[] };
      dims: number[];
      difference: number[];
    };
    expect(numbers.a).toMatchObject({ layer: 1, head: 6 });
    expect(numbers.divergence.perQuery).toHaveLength(numbers.dims[0]!);
    expect(numbers.difference).toHaveLength(numbers.dims[0]! * numbers.dims[1]!);
    const svg = await saveAs("SVG");
    expect(svg).toMatch(/^<svg .*A − B.*JS divergence.*<\/svg>$/s);
  });

  it("exports the list of heads by a command, as arrays for NumPy", async () => {
    const { page } = vscode;
    await vscode.run("Headlight: Export List of Heads");
    await page.getByRole("option", { name: "Numbers as NPZ (NumPy)" }).click();
    const box = page.locator(".quick-input-widget input");
    await expect.poll(() => box.inputValue()).toContain("headlight-head-list");
    const file = path.join(vscode.folder, path.basename(await box.inputValue()));
    await page.keyboard.press("Enter");
    await expect
      .poll(() => fs.existsSync(file) && fs.statSync(file).size > 0, { timeout: 20_000 })
      .toBe(true);
    const { layer, head, previousToken } = await readNpz(fs.readFileSync(file));
    expect([layer!.dims, head!.dims]).toEqual([[32], [32]]);
    // Layer 1, head 6 looks at the token before.
    expect(previousToken!.data[14]).toBeGreaterThan(0.9);
  });

  it("compares two selections of the editor", async () => {
    const { page } = vscode;
    const panel = await panelFrame(page);
    await vscode.line("def add").click({ position: { x: 2, y: 8 } });
    await page.keyboard.press("Shift+End");
    await vscode.line("def subtract").click({ position: { x: 2, y: 8 }, modifiers: ["Alt"] });
    await page.keyboard.press("Shift+End");
    await vscode.run("Headlight: Compare Attention of Two Selections");
    const texts = () => panel.locator(".pin-text").allInnerTexts();
    await expect.poll(texts).toEqual(["def add(first, second):", "def subtract(first, second):"]);
    await panel.locator(".compare-pictures").waitFor();
    expect(await pinned()).toHaveLength(4);
    expect(await panel.locator(".joined").innerText()).toContain("without a partner");
    await panel.locator(".largest button").first().click();
    for (const theme of ["light", "dark"] as const) {
      await vscode.setTheme(theme);
      await page.waitForTimeout(300);
      await vscode.picture(`compare-texts-${theme}`);
    }
    await vscode.setTheme("light");
  });

  it("finds both sides again after the window was reopened", async () => {
    const { page } = vscode;
    const before = await pinned();
    await vscode.stateKept(
      (state) => state.includes("headlight.pins") && state.includes("def subtract(first"),
    );
    // The open inspector is written down with the window's layout, which nothing here can watch.
    await page.waitForTimeout(6_000);
    await page.reload();
    const panel = await panelFrame(page);
    const texts = () => panel.locator(".pin-text").allInnerTexts();
    await expect
      .poll(texts, { timeout: 60_000 })
      .toEqual(["def add(first, second):", "def subtract(first, second):"]);
    await panel.locator(".compare-pictures").waitFor();
    expect(await pinned()).toEqual(before);
    await vscode.picture("compare-reopened");
  });
});
