import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openVscode, type ServedVscode } from "../servedVscode";

describe.each(["light", "dark"] as const)("A person's way through the measures, %s", (theme) => {
  let vscode: ServedVscode;

  beforeAll(async () => {
    vscode = await openVscode({ file: "start-here.py", theme });
  });
  afterAll(() => vscode?.close());

  it("chooses norms, then rollout, and sees them named in the page; opens the model's card", async () => {
    const { page, inspector } = vscode;
    await vscode.line("def add").click();
    await vscode.run("Headlight: Inspect Attention");
    await vscode.painted(".overview");
    await choose("Norm-weighted");
    await inspector.getByText("norm-weighted: ‖weight · v W_O‖").first().waitFor();
    await page.waitForTimeout(1000);
    await vscode.picture(`measure-norm-${theme}`);
    await choose("Rollout");
    await inspector.getByText("attention rollout").first().waitFor();
    await page.waitForTimeout(1000);
    await vscode.picture(`measure-rollout-${theme}`);
    expect(await inspector.locator(".all-heads").count()).toBe(1);
    await vscode.run("Headlight: Probe the Model's Heads");
    await page.waitForTimeout(8000);
    await vscode.picture(`model-card-${theme}`);

    /** From the list of the command, as it is read. */
    async function choose(name: string): Promise<void> {
      await vscode.run("Headlight: Choose Measure of Attention…");
      await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().click();
    }
  });
});
