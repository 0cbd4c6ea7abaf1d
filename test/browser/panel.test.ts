import { mkdirSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { hasReference, referenceRun } from "../support/referenceRun";
import { expectAccessible } from "./axe";
import { problemsOf, settled, startHarness, type Harness, type PageOptions } from "./harness";

const llama = "llama-stories260K-eager-ts-opset17";
const hasFixtures = hasReference(llama);
if (!hasFixtures)
  console.warn("SKIPPED: ../shared/fixtures is not there, so the side panel has no real run to show.");

let harness: Harness;
let page: Page;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.close());
afterEach(async () => {
  const problems = page ? problemsOf(page) : [];
  await page?.close();
  expect(problems, "errors, warnings or refusals by the policy in the page").toEqual([]);
});

async function open(run: StandaloneRun | undefined, options?: PageOptions): Promise<Page> {
  page = await harness.open(run, { page: "panel", width: 320, height: 900, ...options });
  return page;
}
const calls = (method: string) =>
  page.evaluate(
    (name) => window.fakeHost.calls.filter((call) => call.method === name).map((call) => call.argument),
    method,
  );
const press = async (...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key);
  await settled(page);
};
const names = () => page.locator(".head-name").allInnerTexts();
const row = (name: string) => page.locator(`[data-name="${name}"]`);
/** What the dropdowns of A and B say: layer and head of each. */
const pinnedHeads = () =>
  page
    .locator(".pin-choice vscode-dropdown")
    .evaluateAll((boxes) => boxes.map((box) => (box as HTMLSelectElement).value));
const look = async (name: string) => {
  mkdirSync("out/browser", { recursive: true });
  await page.screenshot({ path: `out/browser/${name}.png` });
};

describe.skipIf(!hasFixtures)("the side panel", () => {
  const run = hasFixtures ? referenceRun(llama, "causal") : ({} as StandaloneRun);
  /** Weights of a head in PyTorch's own output. */
  const headWeights = (layer: number, head: number) => {
    const { dims, data } = run.tensors[layer]!;
    const size = dims[1]! * dims[2]!;
    return { n: dims[2]!, data: data.subarray(head * size, (head + 1) * size) };
  };

  test("lists every head and every layer mean, with what each head does and the figure", async () => {
    await open(run);
    expect(await names()).toHaveLength(5 * (8 + 1));
    const { n, data } = headWeights(0, 0);
    let first = 0;
    for (let query = 1; query < n; query++) first += data[query * n]! / (n - 1);
    await row("L0 H0").click();
    await settled(page);
    const figures = await row("L0 H0").locator(".head-figure").allInnerTexts();
    const shown = figures.find((text) => text.startsWith("first token"));
    expect(shown).toContain(first.toPrecision(3));
    expect((await calls("select")).at(-1)).toMatchObject({
      view: "head",
      choice: { block: "decoder", layer: 0, head: 0 },
    });
  });

  test("sorts by a statistic, largest first, and filters by what heads do", async () => {
    await open(run, { state: { version: 1, sort: "firstToken", filter: "" } });
    const values = (await page.locator(".head-aside b").allInnerTexts()).map((text) =>
      Number(text.replace(/[<>]/, "")),
    );
    expect(values).toHaveLength(40);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    await page.getByRole("searchbox").fill("token 0");
    await settled(page);
    const texts = await page.locator(".head-does").allInnerTexts();
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.every((text) => text.includes("token 0"))).toBe(true);
  });

  test("walks heads with the arrow keys, opens with Enter, pins with a and b, finds heads alike with s", async () => {
    await open(run);
    await row("L0 H0").focus();
    await press("ArrowDown", "ArrowDown", "a", "ArrowDown", "b", "Enter");
    expect(await calls("pin")).toEqual([
      { slot: "a", choice: { block: "decoder", layer: 0, head: 2 } },
      { slot: "b", choice: { block: "decoder", layer: 0, head: 3 } },
    ]);
    expect((await calls("select")).at(-1)).toMatchObject({ choice: { layer: 0, head: 3 } });
    await press("s");
    await expect.poll(async () => (await names()).length).toBe(39);
    const distances = (await page.locator(".head-aside b").allInnerTexts()).map(Number);
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    await page.getByRole("button", { name: "Show all heads" }).click();
    await expect.poll(async () => (await names()).length).toBe(45);
  });

  test("compares A with B: one crosshair, exact weights, the difference, and places to go to", async () => {
    await open(run);
    await row("L0 H2").focus();
    await press("a", "ArrowDown", "b");
    await page.locator(".compare-pictures").waitFor();
    const pictures = page.locator(".matrix-picture");
    expect(await pictures.count()).toBe(3);
    await pictures.first().focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowRight"]) await press(key);
    const [a, b] = [headWeights(0, 2), headWeights(0, 3)];
    const [wa, wb] = [a.data[2 * a.n + 1]!, b.data[2 * b.n + 1]!];
    const here = await page.locator(".compare-here").innerText();
    expect(here).toContain(`A ${wa.toFixed(4)}`);
    expect(here).toContain(`B ${wb.toFixed(4)}`);
    expect(await page.locator(".matrix-picture .marked").count()).toBe(6);
    const largest = page.locator(".largest button");
    expect(await largest.count()).toBe(12);
    await largest.first().click();
    await settled(page);
    expect(await calls("revealToken")).toHaveLength(1);
    expect((await calls("select")).at(-1)).toMatchObject({ view: "head", choice: { layer: 0, head: 2 } });
    await page.getByRole("button", { name: "Swap A and B" }).click();
    await settled(page);
    expect(await pinnedHeads()).toEqual(["0", "3", "0", "2"]);
    await page.getByRole("button", { name: "Clear A and B" }).click();
    await settled(page);
    expect(await page.locator(".compare-pictures").count()).toBe(0);
  });

  test.each([
    ["dark", 320],
    ["light", 400],
    ["light", 300],
    ["highContrast", 320],
  ] as const)("is accessible and fits: %s, %d px wide", async (theme, width) => {
    await open(run, { theme, width });
    await row("L1 H2").focus();
    await press("a", "ArrowDown", "b", "Enter");
    await page.locator(".compare-pictures").waitFor();
    await settled(page);
    await look(`panel-${theme}-${width}`);
    await expectAccessible(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  });

  test("says why a comparison failed", async () => {
    await open(run);
    await page.evaluate(() => (window.fakeHost.failing.compare = "The run is gone. Run again."));
    await row("L0 H2").focus();
    await press("a", "ArrowDown", "b");
    expect(await page.locator(".comparison [role=alert]").innerText()).toBe("The run is gone. Run again.");
  });
});

test("without an inspection says what to do", async () => {
  await open(undefined);
  expect(await page.locator(".page-message").innerText()).toContain("Inspect Attention");
  expect(await page.locator(".head-row").count()).toBe(0);
});
