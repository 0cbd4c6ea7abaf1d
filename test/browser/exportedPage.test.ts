import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { browserArguments, findBrowser } from "../../scripts/browser.mjs";
import type { HeadChoice, RunSummary } from "../../src/core/run";
import type { Engine } from "../../src/engine/engine";
import { tableWeight } from "../../src/paint/numberText";
import { showWhiteSpace } from "../../src/paint/tokenText";
import { PAGE_EVERYTHING } from "../../src/protocol/pageExport";
import { standaloneDocument } from "../../src/protocol/standalonePage";
import type { ViewName } from "../../src/protocol/viewContract";
import { inlineEngine, modelSource } from "../support/writtenRun";
import { expectAccessible } from "./axe";
import { settled } from "./harness";

const built = path.resolve(import.meta.dirname, "../../dist/webview");
let engine: Engine;
let browser: Browser;
let folder: string;
let page: Page;
let saw: RunSummary;
let dates: RunSummary;
/** What the page asked for but itself, and what went wrong in it. */
let requests: string[] = [];
let problems: string[] = [];

beforeAll(async () => {
  engine = inlineEngine();
  folder = await mkdtemp(path.join(tmpdir(), "headlight-page-"));
  browser = await chromium.launch({ executablePath: findBrowser(), args: [...browserArguments] });
  const text = "I saw a saw. The saw saw";
  saw = await engine.inspect({ model: await modelSource("code-4x8"), text, generate: { nTokens: 8 } });
  dates = await engine.inspect({
    model: await modelSource("dates-2x4"),
    text: "March 5th 1998",
    generate: {},
  });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await engine?.stop();
  await rm(folder, { recursive: true });
});
afterEach(async () => {
  await page?.close();
  expect(problems, "errors, warnings or refusals by the policy in the page").toEqual([]);
  expect(requests, "requests of a page that carries everything").toEqual([]);
});

/** The file that the extension writes, opened from the disk without a network. */
async function openExported({ runId }: RunSummary, view: ViewName, choice: HeadChoice): Promise<Page> {
  const [script, style] = await Promise.all(
    ["standalone.js", "standalone.css"].map((name) => readFile(path.join(built, name), "utf8")),
  );
  const { before, after } = standaloneDocument({ title: "Exported", script: script!, style: style! });
  const selection = { view, choice, measure: "weights" } as const;
  const data: Uint8Array[] = [];
  for (let part = 0, nParts = 1; part < nParts; part++) {
    const answer = await engine.exportPage({ runId, what: PAGE_EVERYTHING, selection, part });
    nParts = answer.nParts;
    data.push(answer.bytes);
  }
  const file = path.join(folder, `${view}.html`);
  await writeFile(file, Buffer.concat([Buffer.from(before), ...data, Buffer.from(after)]));
  [requests, problems] = [[], []];
  const context = await browser.newContext({ offline: true, viewport: { width: 1000, height: 900 } });
  page = await context.newPage();
  const own = pathToFileURL(file).href;
  page.on("request", (request) => {
    const url = request.url();
    if (url !== own && !url.startsWith("data:") && !url.startsWith("blob:")) requests.push(url);
  });
  page.on("pageerror", (error) => problems.push(String(error.stack ?? error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  await page.goto(own);
  await page.locator(`.view-${view}`).waitFor();
  await page.waitForTimeout(300);
  await settled(page);
  return page;
}

test("Generation in an exported page: what was written, its probabilities and the logit lens", async () => {
  await openExported(saw, "generate", { block: "decoder", layer: 0, head: 3 });
  const { start } = saw.generated!;
  const query = { runId: saw.runId, start, end: saw.tokens.length + 1, count: 5 };
  const predictions = await engine.tokenPredictions(query);
  const shown = await page.locator(".written-row .probability").allInnerTexts();
  expect(shown).toHaveLength(9);
  predictions.forEach(({ probability, likely }, at) =>
    expect(Number(shown[at])).toBeCloseTo(probability ?? likely[0]!.probability, 3),
  );
  const { rows } = await engine.logitLens({ ...query, start: 0, end: saw.tokens.length });
  const lens = page.getByRole("grid", { name: /^Logit lens/ });
  expect(await lens.getByRole("row").count()).toBe(rows.length + 1);
  for (const [row, { cells }] of rows.entries()) {
    const { text, probability } = cells[start]!.likely[0]!;
    const said = await page.locator(`#lens-${row}-${start}`).getAttribute("aria-label");
    expect(said).toBe(`${showWhiteSpace(text)}, probability ${tableWeight(probability)}`);
  }
  await expectAccessible(page);
  // There is no model to go on with, and the page says so.
  await page.getByRole("button", { name: "Continue" }).click();
  await settled(page);
  expect(await page.locator(".continue-form").innerText()).toContain("carries one finished inspection");
});

test("Encoder-decoder in an exported page: every step with its probability, cross-attention step by step", async () => {
  await openExported(dates, "encoderDecoder", { block: "cross", layer: 0, head: 3 });
  const end = dates.targetTokens!.length + 1;
  const predictions = await engine.tokenPredictions({ runId: dates.runId, start: 1, end, count: 5 });
  const options = page.getByRole("option");
  expect(await options.count()).toBe(predictions.length);
  for (const [at, { probability, likely }] of predictions.entries()) {
    const shown = await options.nth(at).locator("small").innerText();
    const expected = probability ?? likely[0]!.probability;
    expect(Number(shown.replace(">", "").replace("%", ""))).toBeCloseTo(expected, 2);
  }
  await page.getByRole("listbox", { name: "Target, token by token" }).focus();
  await page.keyboard.press("Home");
  await settled(page);
  expect(await page.locator(".step-words").innerText()).toContain("Step 1 of 11");
  expect(await page.locator(".attention .matrix-picture").count()).toBe(3);
  await expectAccessible(page);
});

test("Steps in an exported page: from the product through W_O into the residual stream", async () => {
  await openExported(saw, "steps", { block: "decoder", layer: 2, head: 5 });
  for (const stage of ["product", "scale", "softmax", "values", "heads", "projection", "residual"]) {
    await page.locator(`button[data-stage=${stage}]`).click();
    await settled(page);
    await page.waitForTimeout(100);
    const said = await page.locator(".view-steps").innerText();
    expect(said, stage).not.toMatch(/does not hold|not captured|lacks|carries no/i);
  }
  // Recomputed in the page and compared there with what the model gave.
  expect(await page.locator(".view-steps").innerText()).toMatch(/x after ✓ \de−\d/);
  await expectAccessible(page);
});
