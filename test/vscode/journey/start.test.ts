import { spawn, type ChildProcess } from "node:child_process";
import path from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserArguments, findBrowser } from "../../../scripts/browser.mjs";
import { root } from "../../../scripts/folders.mjs";
import { findInPalette } from "../servedVscode";

describe("npm start without a desktop", () => {
  let start: ChildProcess;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const env = { ...process.env, DISPLAY: "", WAYLAND_DISPLAY: "" };
    start = spawn(process.execPath, [path.join(root, "scripts", "start.mjs")], { cwd: root, env });
    const address = await printedAddress(start);
    browser = await chromium.launch({ executablePath: findBrowser(), args: browserArguments });
    page = await browser.newPage();
    page.setDefaultTimeout(120_000);
    await page.goto(address);
  });

  afterAll(async () => {
    await browser?.close();
    start?.kill("SIGINT");
  });

  it("opens a sample file at the printed address", async () => {
    await page.getByRole("tab", { name: "start-here.py" }).waitFor();
  });

  it("offers the command in the palette", async () => {
    await page.locator(".monaco-editor .view-line").first().waitFor();
    await findInPalette(page, "Headlight: Inspect Attention");
    await page.keyboard.press("Escape");
  });

  it("ends on Ctrl+C and takes its server along", async () => {
    const ended = new Promise((resolve) => start.once("exit", resolve));
    start.kill("SIGINT");
    expect(await ended).toBe(0);
    await expect(fetch(page.url())).rejects.toThrow();
  });
});

/** The address that the script prints once it serves. */
function printedAddress(start: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = "";
    const read = (chunk: Buffer) => {
      printed += chunk;
      const address = /http:\/\/localhost:\S+/.exec(printed)?.[0];
      if (address && printed.includes("Ctrl+C")) resolve(address);
    };
    start.stdout?.on("data", read);
    start.stderr?.on("data", read);
    start.once("exit", (code) => reject(new Error(`npm start ended with ${code}:\n${printed}`)));
  });
}
