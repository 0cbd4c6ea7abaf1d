import fs from "node:fs";
import path from "node:path";
import type { StandaloneRun } from "../../src/protocol/standalone";
import type { ViewName } from "../../src/protocol/viewContract";
import { startHarness, type Harness } from "../browser/harness";
import { capturedRun } from "../support/capturedRun";
import { onMainThread } from "./mainThread";
import { median } from "./median";
import { openAt } from "./openAt";
import { timeChanges, type Changes } from "./pageProbe";
import { modelToMeasure, textFiles } from "./texts";
import type { BenchRow } from "./tokenizer.bench";

const FRAME_MS = 16;
const N_CHANGES = 15;
const N_TRACED = 8;
const unit = "frames of 16 ms";

/**
 * The built page in Chromium, answered from a captured run of the embedded model: the main thread's work from a
 * change to the painted frame with the data in hand, without the wait for the screen's tick. A browser without a
 * screen paints in software. That nothing blocks is shown by processor time, which holds on a busy machine too.
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

/** Of each view: its tab, what is done first, what a person changes, and how. */
interface MeasuredView {
  readonly tab: ViewName;
  readonly form?: "lines";
  /** Clicked before. */
  readonly first?: string;
  readonly changes: Readonly<Record<string, Omit<Changes, "nChanges">>>;
}

const views: Readonly<Record<string, MeasuredView>> = {
  Heads: {
    tab: "heads",
    changes: { head: keys(".", ","), layer: keys("]", "["), query: arrows(), scale: keys("r") },
  },
  Head: {
    tab: "head",
    changes: {
      head: keys(".", ","),
      layer: keys("]", "["),
      query: arrows(),
      scale: keys("r"),
      zoom: keys("+", "-"),
      cell: { keys: ["ArrowDown", "ArrowUp"], target: ".figure" },
    },
  },
  Lines: {
    tab: "head",
    form: "lines",
    changes: { head: keys(".", ","), query: arrows(), scale: keys("r") },
  },
  Steps: { tab: "steps", changes: { head: keys(".", ","), layer: keys("]", "["), query: arrows() } },
  "Steps of all queries": {
    tab: "steps",
    first: ".steps-bar [role=radio]:last-child",
    changes: { head: keys(".", ","), layer: keys("]", "["), query: arrows() },
  },
  Mask: { tab: "mask", changes: { head: keys(".", ","), layer: keys("]", "["), query: arrows() } },
  Positions: {
    tab: "positions",
    changes: {
      head: keys(".", ","),
      layer: keys("]", "["),
      query: arrows(),
      slider: { slider: ".view-positions input[type=range]" },
    },
  },
  Scoring: {
    tab: "scoring",
    changes: {
      head: keys(".", ","),
      query: arrows(),
      slider: { slider: ".view-scoring input[type=range]" },
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
  let longest = { ms: 0, wallMs: 0, what: "" };
  for (const [view, { tab, form, first, changes }] of Object.entries(views)) {
    const page = await openAt(harness, run, tab, {}, form);
    if (first) {
      await page.locator(first).click();
      await page.waitForTimeout(600);
    }
    for (const [what, how] of Object.entries(changes)) {
      const { workMs } = await page.evaluate(timeChanges, { ...how, nChanges: N_CHANGES });
      // Once more under a trace, which costs time of its own.
      const { taskMs, longestWallMs } = await onMainThread(page, () =>
        page.evaluate(timeChanges, { ...how, nChanges: N_TRACED, isWarm: true }),
      );
      const longestMs = Math.max(0, ...taskMs);
      if (longestMs > longest.ms)
        longest = { ms: longestMs, wallMs: longestWallMs, what: `${view}, ${what}` };
      const value = median(workMs) / FRAME_MS;
      rows.push({ name: `${nTokens} tokens, ${view}: another ${what}, painted`, value, unit, aim });
    }
    await page.close();
  }
  const { ms, wallMs, what } = longest;
  rows.push({
    name: `${nTokens} tokens: longest task during these changes, processor time (${what}; ${wallMs.toFixed(0)} ms by the clock)`,
    value: ms,
    unit: "ms",
    aim: 50,
  });
  return rows;
}
