import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { throwawayFolder } from "../../../scripts/folders.mjs";
import { openVscode, type ServedVscode } from "../servedVscode";

describe("A selection over the model's context", () => {
  let vscode: ServedVscode;
  beforeAll(async () => {
    const from = throwawayFolder("too-long");
    const lines = Array.from({ length: 120 }, (_, i) => `value_${i} = compute(${i}, other_${i})\n`);
    fs.writeFileSync(path.join(from, "long.py"), lines.join(""));
    vscode = await openVscode({ file: "long.py", from });
  });
  afterAll(() => vscode?.close());

  it("is refused with both numbers, and the part around the cursor is inspected in one click", async () => {
    const { page, inspector } = vscode;
    await vscode.line("value_3").click();
    await page.keyboard.press("Control+A");
    await vscode.run("Headlight: Inspect Attention");
    const message = page.locator(".notification-toast", { hasText: "reads at most 512" });
    await message.waitFor();
    expect(await message.innerText()).toMatch(/The selection is 2,\d+ tokens/);
    await message.getByRole("button", { name: "Inspect the part around the cursor" }).click();
    await vscode.painted(".overview");
    const shown = await inspector.getByText(/^\d+ tokens$/).innerText();
    expect(Number.parseInt(shown)).toBeGreaterThan(400);
    expect(Number.parseInt(shown)).toBeLessThanOrEqual(512);
  });

  it("is run in windows on request: all its tokens, and what no window computed is said to be so", async () => {
    const { page, inspector } = vscode;
    await vscode.line("value_3").click();
    await page.keyboard.press("Control+A");
    await vscode.run("Headlight: Inspect Attention");
    const message = page.locator(".notification-toast", { hasText: "reads at most 512" });
    await message.waitFor();
    await message.getByRole("button", { name: "Inspect in windows" }).click();
    await inspector.locator(".run-title .form", { hasText: /^\d+ windows$/ }).waitFor();
    await vscode.painted(".overview");
    const shown = await inspector.locator(".run-title .count").innerText();
    expect(Number.parseInt(shown.replace(",", ""))).toBeGreaterThan(2000);
    await vscode.picture("windows-heads");
    await vscode.run("Headlight: Show Head");
    await vscode.painted(".figure");
    const plot = inspector.locator(".figure canvas").first();
    const box = (await plot.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.25, box.y + box.height * 0.7);
    await inspector
      .getByText(/not computed: outside window \d of \d/)
      .first()
      .waitFor();
    await vscode.picture("windows-head");
  });
});
