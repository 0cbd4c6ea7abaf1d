import fs from "node:fs";
import path from "node:path";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { settled, startHarness, type Harness } from "../browser/harness";
import { capturedRun } from "../support/capturedRun";
import { median } from "./median";
import { openAt, showTab } from "./openAt";
import { timeGesture, timeOverview, type FrameTimes } from "./pageProbe";
import { modelToMeasure, textFiles } from "./texts";
import type { BenchRow } from "./tokenizer.bench";

const FRAME_MS = 16;
const N_FRAMES = 120;

/**
 * Sizes that no embedded model reads: its real weights repeated (test/browser/page/enlarge.ts), answered from a worker
 * as in VS Code. A browser without a screen paints in software, so the main thread's part stands beside the frames.
 */
export async function run(): Promise<BenchRow[]> {
  const model = modelToMeasure();
  const { folder, texts } = textFiles(model, [512]);
  const harness = await startHarness();
  try {
    const source = fs.readFileSync(path.join(folder, texts[0]![0].file), "utf8");
    const captured = await capturedRun(source, "weights", model);
    const rows: BenchRow[] = [];
    for (const nTokens of [512, 1024]) rows.push(await overview(harness, captured, nTokens));
    for (const nTokens of [1024, 4096]) rows.push(...(await gestures(harness, captured, nTokens)));
    return rows;
  } finally {
    await harness.close();
    fs.rmSync(folder, { recursive: true });
  }
}

async function overview(harness: Harness, run: StandaloneRun, nTokens: number): Promise<BenchRow> {
  const size = { nTokens, nLayers: 12, nHeads: 12 };
  const page = await openAt(harness, run, "mask", { enlarge: size, hostInWorker: true });
  // The first two run code that was never run before.
  const times: number[] = [];
  for (let repetition = 0; repetition < 9; repetition++) {
    const painted = page.evaluate(timeOverview);
    await page.keyboard.press("1");
    times.push(await painted);
    await page.waitForTimeout(600);
    await showTab(page, "mask");
    await settled(page);
  }
  await page.close();
  return {
    name: `overview of 12 x 12 heads, ${nTokens} tokens: from the bytes' arrival to painted`,
    value: median(times.slice(2)) / FRAME_MS,
    unit: "frames of 16 ms",
    aim: nTokens <= 512 ? 2 : 4,
  };
}

async function gestures(harness: Harness, run: StandaloneRun, nTokens: number): Promise<BenchRow[]> {
  const size = { nTokens, nLayers: 1, nHeads: 1 };
  const rows: BenchRow[] = [];
  for (const how of ["zoom", "pan"] as const) {
    const page = await openAt(harness, run, "2", { enlarge: size, hostInWorker: true });
    await page.waitForTimeout(1500);
    const runs: FrameTimes[] = [];
    for (let repetition = 0; repetition < 5; repetition++) {
      runs.push(await page.evaluate(timeGesture, { how, nFrames: N_FRAMES }));
      await page.keyboard.press("0");
      await page.waitForTimeout(500);
    }
    const of = (figure: (run: FrameTimes) => number) => median(runs.map(figure));
    const name = `${how} of ${nTokens} x ${nTokens}`;
    rows.push(
      {
        name: `${name}: median frame`,
        value: of(({ intervalMs }) => median(intervalMs)),
        unit: "ms",
        aim: 17,
      },
      {
        name: `${name}: worst frame`,
        value: of(({ intervalMs }) => Math.max(...intervalMs)),
        unit: "ms",
        aim: 50,
      },
      { name: `${name}: main thread, median`, value: of(({ workMs }) => median(workMs)), unit: "ms" },
      {
        name: `${name}: main thread, worst`,
        value: of(({ workMs }) => Math.max(...workMs)),
        unit: "ms",
        aim: 50,
      },
    );
    await page.close();
  }
  return rows;
}
