import fs from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { settled, startHarness, type Harness, type PageOptions } from "../browser/harness";
import { capturedRun } from "../support/capturedRun";
import { median } from "./median";
import { timeChanges, timeGesture, timeOverview, type Changes } from "./pageProbe";
import { modelToMeasure, textFiles } from "./texts";
import type { BenchRow } from "./tokenizer.bench";

const FRAME_MS = 16;
const N_CHANGES = 15;
const unit = "frames of 16 ms";

/**
 * The built page in Chromium, answered from a captured run of the embedded model: the main thread's work from a
 * change to the painted frame with the data in hand, frames while zooming and panning, and the overview of 12 x 12
 * heads. A browser without a screen paints in software; nothing here waits for its tick but the rows of intervals.
 */
export async function run(): Promise<BenchRow[]> {
  const model = modelToMeasure();
  const { folder, texts } = textFiles(model, [128, 512]);
  const harness = await startHarness();
  try {
    const rows: BenchRow[] = [];
    const runs: StandaloneRun[] = [];
    for (const [text] of texts) {
      const source = fs.readFileSync(path.join(folder, text.file), "utf8");
      runs.push(await capturedRun(source, "weights,scores,qkv", model));
    }
    for (const [index, nTokens] of [128, 512].entries()) {
      rows.push(...(await changes(harness, runs[index]!, nTokens)));
    }
    for (const nTokens of [512, 1024]) rows.push(await overview(harness, runs[1]!, nTokens));
    for (const nTokens of [1024, 4096]) rows.push(...(await gestures(harness, runs[1]!, nTokens)));
    return rows;
  } finally {
    await harness.close();
    fs.rmSync(folder, { recursive: true });
  }
}

/** Of each view: what a person changes, and how. */
const views: Readonly<
  Record<string, { readonly key: string; readonly changes: Record<string, Omit<Changes, "nChanges">> }>
> = {
  Heads: {
    key: "1",
    changes: { head: keys(".", ","), layer: keys("]", "["), query: arrows(), scale: keys("r") },
  },
  Head: {
    key: "2",
    changes: {
      head: keys(".", ","),
      layer: keys("]", "["),
      query: arrows(),
      scale: keys("r"),
      zoom: keys("+", "-"),
      cell: { keys: ["ArrowDown", "ArrowUp"], target: ".figure" },
    },
  },
  Lines: { key: "2", changes: { head: keys(".", ","), query: arrows(), scale: keys("r") } },
  Steps: { key: "3", changes: { head: keys(".", ","), layer: keys("]", "["), query: arrows() } },
  Mask: { key: "mask", changes: { head: keys(".", ","), layer: keys("]", "["), query: arrows() } },
  Positions: {
    key: "4",
    changes: {
      head: keys(".", ","),
      layer: keys("]", "["),
      query: arrows(),
      slider: { slider: ".view-positions input[type=range]" },
    },
  },
};

function keys(...pressed: string[]): Omit<Changes, "nChanges"> {
  return { keys: pressed };
}

function arrows(): Omit<Changes, "nChanges"> {
  return { keys: ["ArrowRight", "ArrowLeft"], target: ".strip" };
}

async function changes(harness: Harness, run: StandaloneRun, nTokens: number): Promise<BenchRow[]> {
  const aim = nTokens <= 128 ? 1 : 50 / FRAME_MS;
  const rows: BenchRow[] = [];
  let longest = { ms: 0, what: "" };
  for (const [view, { key, changes }] of Object.entries(views)) {
    const page = await open(harness, run, {}, key, view === "Lines");
    for (const [what, how] of Object.entries(changes)) {
      const { workMs, longestTaskMs } = await page.evaluate(timeChanges, { ...how, nChanges: N_CHANGES });
      if (longestTaskMs > longest.ms) longest = { ms: longestTaskMs, what: `${view}, ${what}` };
      const value = median(workMs) / FRAME_MS;
      rows.push({ name: `${nTokens} tokens, ${view}: another ${what}, painted`, value, unit, aim });
    }
    await page.close();
  }
  const name = `${nTokens} tokens: longest task during these changes${longest.what && ` (${longest.what})`}, 0 for none above 50 ms`;
  rows.push({ name, value: longest.ms, unit: "ms", aim: 50 });
  return rows;
}

async function overview(harness: Harness, run: StandaloneRun, nTokens: number): Promise<BenchRow> {
  const size = { nTokens, nLayers: 12, nHeads: 12 };
  const page = await open(harness, run, { enlarge: size, hostInWorker: true }, "mask");
  const times: number[] = [];
  for (let repetition = 0; repetition < 7; repetition++) {
    const painted = page.evaluate(timeOverview);
    await press(page, "1");
    times.push(await painted);
    await page.waitForTimeout(600);
    await showTab(page, "mask");
    await settled(page);
  }
  await page.close();
  return {
    name: `overview of 12 x 12 heads, ${nTokens} tokens: from the bytes' arrival to painted`,
    value: median(times) / FRAME_MS,
    unit,
    aim: nTokens <= 512 ? 2 : 4,
  };
}

async function gestures(harness: Harness, run: StandaloneRun, nTokens: number): Promise<BenchRow[]> {
  const size = { nTokens, nLayers: 1, nHeads: 1 };
  const rows: BenchRow[] = [];
  for (const how of ["zoom", "pan"] as const) {
    const page = await open(harness, run, { enlarge: size, hostInWorker: true }, "2");
    await page.waitForTimeout(1500);
    const { intervalMs, workMs } = await page.evaluate(timeGesture, { how, nFrames: 180 });
    const name = `${how} of ${nTokens} x ${nTokens}`;
    rows.push(
      { name: `${name}: median frame`, value: median(intervalMs), unit: "ms", aim: 17 },
      { name: `${name}: worst frame`, value: Math.max(...intervalMs), unit: "ms", aim: 50 },
      { name: `${name}: main thread, median`, value: median(workMs), unit: "ms" },
      { name: `${name}: main thread, worst`, value: Math.max(...workMs), unit: "ms", aim: 50 },
    );
    await page.close();
  }
  return rows;
}

async function open(
  harness: Harness,
  run: StandaloneRun,
  options: PageOptions,
  key: string,
  asLines = false,
): Promise<Page> {
  const arrangement = { squareRoot: true, form: asLines ? "lines" : "matrix" };
  const page = await harness.open(run, { ...options, state: { version: 1, arrangement } });
  if (key === "mask") await showTab(page, "mask");
  else await press(page, key);
  await page.waitForTimeout(1000);
  return page;
}

async function press(page: Page, key: string): Promise<void> {
  await page.keyboard.press(key);
}

async function showTab(page: Page, name: string): Promise<void> {
  await page.locator(`#tab-${name}`).click();
}
