import fs from "node:fs";
import path from "node:path";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { startHarness, type Harness } from "../browser/harness";
import { capturedRun } from "../support/capturedRun";
import { median } from "./median";
import { openAt } from "./openAt";
import { timeChanges, type Changes } from "./pageProbe";
import { modelToMeasure, textFiles } from "./texts";
import type { BenchRow } from "./tokenizer.bench";

const FRAME_MS = 16;
const N_CHANGES = 15;
const unit = "frames of 16 ms";

/**
 * The built page in Chromium, answered from a captured run of the embedded model: the main thread's work from a
 * change to the painted frame with the data in hand, without the wait for the screen's tick. A browser without a
 * screen paints in software.
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
    const page = await openAt(harness, run, key, {}, view === "Lines" ? "lines" : "matrix");
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
