import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { hasReference, referenceRun } from "../support/referenceRun";
import { expectAccessible } from "./axe";
import { settled, type PageOptions } from "./harness";
import { openedPage } from "./openedPage";
import { expectPicture } from "./pictures";

const llama = "llama-stories260K-eager-ts-opset17";
const hasFixtures = hasReference(llama);
if (!hasFixtures)
  console.warn("SKIPPED: ../shared/fixtures is not there, so the side panel has no real run to show.");

let page: Page;
const opened = openedPage({ page: "panel", width: 320, height: 900 });
const { calls, press } = opened;
const open = async (run: StandaloneRun | undefined, options?: PageOptions) =>
  (page = await opened.open(run, options));
const names = () => page.locator(".head-name").allInnerTexts();
const row = (name: string) => page.locator(`[data-name="${name}"]`);
/** What the dropdowns of A and B say: layer and head of each. */
const pinnedHeads = () =>
  page
    .locator(".pin-choice vscode-dropdown")
    .evaluateAll((boxes) => boxes.map((box) => (box as HTMLSelectElement).value));
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
    ["dark", 250],
    ["highContrastLight", 250],
    // As a side bar of 320 px at a zoom of 200 %.
    ["light", 160],
  ] as const)("is accessible and fits: %s, %d px wide", async (theme, width) => {
    await open(run, { theme, width });
    await row("L1 H2").focus();
    await press("a", "ArrowDown", "b", "Enter");
    await page.locator(".compare-pictures").waitFor();
    await settled(page);
    await expectAccessible(page);
    await page.mouse.move(0, 0);
    await expectPicture(page.locator("main"), `panel-${theme}-${width}`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  });

  test("lists 144 heads by a statistic, side by side with it, at 250 px", async () => {
    await open(run, {
      width: 250,
      enlarge: { nTokens: 40, nLayers: 12, nHeads: 12 },
      state: { version: 1, sort: "previousToken", filter: "" },
    });
    expect(await page.locator(".head-row").count()).toBe(144);
    await settled(page);
    // Figures stand below each other: their right ends in one line.
    const ends = await page
      .locator(".head-aside")
      .evaluateAll((all) => all.map((each) => Math.round(each.getBoundingClientRect().right)));
    expect(new Set(ends).size).toBe(1);
    await expectPicture(page.locator("main"), "panel-144-250");
  });

  test("says in the editor's language what heads do, what figures mean, and how to go on", async () => {
    const bundle = readFileSync(path.resolve(import.meta.dirname, "../../l10n/bundle.l10n.ru.json"), "utf8");
    const words = JSON.parse(bundle) as Record<string, string>;
    await open(run, { words });
    await row("L1 H2").focus();
    await press("a", "ArrowDown", "b", "Enter");
    await page.locator(".compare-pictures").waitFor();
    await expectAccessible(page);
    // Left to read in English: names of models and heads, the text itself, and signs.
    const said = await page
      .locator("main :is(h2, h3, .hint, .head-does, .head-figure .name, .compare-figures .name)")
      .allInnerTexts();
    expect(said.length).toBeGreaterThan(50);
    expect(said.filter((text) => /[a-z]{3}/i.test(text))).toEqual([]);
    await expectPicture(page.locator("main"), "panel-russian-320");
  });

  test("names both texts and the way out where one side failed or its text has changed", async () => {
    await open(run);
    const { runId, model, text, blocks } = run.run;
    const choice = { block: "decoder" as const, layer: 0, head: 1 };
    const ready = { runId, choice, model: model.name, text, layers: blocks[0]!.layers, stale: true };
    const error = {
      code: "too-many-tokens",
      message: "The selection is 1,300 tokens; it reads at most 512.",
    };
    const failed = { model: "Another model", text: "x y", layers: [], stale: false, error };
    await page.evaluate((pins) => window.fakeHost.emit("pins", pins), { a: ready, b: failed });
    await settled(page);
    const [a, b] = [page.locator('[data-slot="a"]'), page.locator('[data-slot="b"]')];
    expect(await a.innerText()).toContain("Its text has changed since.");
    expect(await b.locator("[role=alert]").innerText()).toContain(error.message);
    expect(await b.innerText()).toContain("Another model");
    await expectAccessible(page);
    await a.getByRole("button", { name: "Run again" }).click();
    await b.getByRole("button", { name: "Take the part that fits" }).click();
    await expect.poll(() => calls("runPin")).toEqual([{ slot: "a" }, { slot: "b", part: true }]);
    await b.getByRole("button", { name: "Clear B" }).click();
    await expect.poll(() => calls("pin")).toEqual([{ slot: "b" }]);
  });

  test("chooses the head of two runs together, or of one alone", async () => {
    await open(run);
    const { runId, model, text, blocks } = run.run;
    const choice = { block: "decoder" as const, layer: 0, head: 1 };
    const pin = { runId, choice, model: model.name, text, layers: blocks[0]!.layers, stale: false };
    const both = { a: pin, b: { ...pin, runId: "another" } };
    await page.evaluate((pins) => window.fakeHost.emit("pins", pins), both);
    await settled(page);
    const chooseHead = async (head: string) => {
      await page.getByRole("combobox", { name: "Head of A" }).click();
      await page.locator("vscode-option:visible", { hasText: new RegExp(`^\\s*${head}\\s*$`) }).click();
      await settled(page);
    };
    await chooseHead("H4");
    const chosen = { ...choice, head: 4 };
    expect(await calls("choosePin")).toEqual([
      { slot: "a", choice: chosen },
      { slot: "b", choice: chosen },
    ]);
    await page.evaluate((pins) => window.fakeHost.emit("pins", pins), both);
    await page.getByRole("checkbox", { name: "Same head on both sides" }).click();
    await chooseHead("H5");
    expect((await calls("choosePin")).slice(2)).toEqual([{ slot: "a", choice: { ...choice, head: 5 } }]);
  });

  test("exports the comparison as it is seen: picture, and numbers that are PyTorch's", async () => {
    await open(run);
    await row("L0 H2").focus();
    await press("a", "ArrowDown", "b");
    await page.locator(".compare-pictures").waitFor();
    const save = async (kind: string) => {
      const menu = page.locator(".compare-head");
      await menu.getByRole("button", { name: "Export" }).click();
      const nBefore = (await calls("save")).length;
      await menu.getByRole("menuitem", { name: kind }).click();
      await expect.poll(async () => (await calls("save")).length, { timeout: 10_000 }).toBe(nBefore + 1);
      const saved = (await calls("save")).at(-1) as { name: string; bytes: Record<string, number> };
      return { name: saved.name, bytes: Buffer.from(Object.values(saved.bytes)) };
    };
    const json = await save("JSON");
    expect(json.name).toBe("headlight-compare-L0-H2-L0-H3.json");
    const numbers = JSON.parse(json.bytes.toString("utf8")) as Record<"valuesA" | "valuesB", number[]>;
    const [a, b] = [headWeights(0, 2), headWeights(0, 3)];
    expect(numbers.valuesA).toEqual([...a.data]);
    expect(numbers.valuesB).toEqual([...b.data]);
    const csv = (await save("CSV")).bytes.toString("utf8").trim().split("\r\n");
    expect(csv).toHaveLength(1 + a.n * a.n);
    expect(csv[1 + 2 * a.n + 1]).toContain(`,${a.data[2 * a.n + 1]!},${b.data[2 * a.n + 1]!},`);
    const svg = (await save("SVG")).bytes.toString("utf8");
    expect(svg).toMatch(/^<svg .*JS divergence.*<\/svg>$/s);
    const png = (await save("PNG")).bytes;
    expect([...png.subarray(0, 4)]).toEqual([137, 80, 78, 71]);
    mkdirSync("out/browser", { recursive: true });
    writeFileSync("out/browser/comparison.png", png);
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
