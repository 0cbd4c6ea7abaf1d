import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { panelFrame } from "../panelFrame";
import { openVscode, type ServedVscode } from "../servedVscode";

describe("A person's way through the side panel", () => {
  let vscode: ServedVscode;

  beforeAll(async () => {
    vscode = await openVscode({ file: "start-here.py", theme: "light" });
  });
  afterAll(() => vscode?.close());

  it("lists the heads of an inspection, opens one, compares two and goes to a difference", async () => {
    const { page } = vscode;
    await vscode.run("Headlight: Focus on Heads View");
    const panel = await panelFrame(page);
    await panel.getByText("Inspect Attention").waitFor();
    await vscode.line("def add").click();
    await vscode.run("Headlight: Inspect Attention");
    await panel.locator(".head-row").first().waitFor();
    expect(await panel.locator(".head-row").count()).toBe(4 * (8 + 1));
    await vscode.picture("side-panel-heads");

    await panel.locator('[data-name="L1 H6"]').focus();
    await page.keyboard.press("a");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("b");
    await page.keyboard.press("Enter");
    await panel.locator(".compare-pictures").waitFor();
    await panel.locator('[data-name="L1 H7"][aria-selected="true"]').waitFor();
    await panel.locator(".largest button").first().click();
    await panel.locator('[data-name="L1 H6"][aria-selected="true"]').waitFor();
    await vscode.picture("side-panel-compare");
  });
});
