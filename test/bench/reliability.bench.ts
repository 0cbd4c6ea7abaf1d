import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  loadModels,
  runKills,
  runLoad,
  threadedEngine,
  type LoadPlace,
  type LoadReport,
} from "../support/load";
import type { BenchRow } from "./tokenizer.bench";

/** Longer than the engine's own patience with a heap that it does not need. */
const REST_MS = 6_000;

export const note = `Memory is that of the whole process with its worker, read where nothing is shown any more, with an allocator that
gives freed memory back (MALLOC_ARENA_MAX=1). With glibc's own up to 16 caches the same run was read at 415 MB after 50
inspections and 514 to 678 after 100 to 500 (once 945, before the worker was replaced); before workers were replaced, 1.26 GB after 50 and 1.78 after
500. The worker's JavaScript heap stays at 45 to 55 MB throughout.`;

/**
 * 500 inspections in two panels of one engine, superseded at random, of 1 to 2,000 tokens, three models in turn; two
 * engines at once; 100 workers killed at random moments. About ten minutes.
 */
export async function run(): Promise<BenchRow[]> {
  const root = path.join(import.meta.dirname, "../..");
  const place: LoadPlace = { root, scratch: await mkdtemp(path.join(tmpdir(), "headlight-load-")) };
  try {
    const models = await loadModels(place);
    const count = Number(process.env.HEADLIGHT_LOAD ?? 500);
    const load = loadInChild(place, count);
    const memory = new Map(load.memory);
    const held = (at: number) => memory.get(at)!;
    const [early, late] = [Math.min(...memory.keys()), Math.max(...memory.keys())];
    console.log(`  ${count} inspections: ${JSON.stringify(load)}`);

    const two = [threadedEngine(place), threadedEngine(place)];
    const both = await Promise.all(
      two.map((one, i) =>
        runLoad(one, models, { count: count / 10, seed: 20 + i, nPanels: 1, memoryAt: [] }),
      ),
    );
    await Promise.all(two.map((one) => one.stop()));
    console.log(`  two engines: ${JSON.stringify(both.map((one) => ({ ...one, memoryAfter: [] })))}`);

    const mortal = threadedEngine(place);
    const kills = await runKills(mortal, models[0]!, { count: count / 5, seed: 3 });
    await mortal.stop();
    for (const what of [...load.failures, ...both.flatMap(({ failures }) => failures), ...kills.wrong]) {
      console.log(`  ! ${what}`);
    }
    const sum = (of: (report: Omit<LoadReport, "memoryAfter">) => number) =>
      [load, ...both].reduce((n, one) => n + of(one), 0);
    return [
      { name: `${count} inspections in two panels`, value: load.seconds, unit: "s" },
      { name: "of these shown", value: load.shown, unit: "" },
      { name: "of these superseded or cancelled", value: load.superseded, unit: "" },
      { name: "of these refused as too long", value: load.refused, unit: "" },
      {
        name: "unexplained failures, two engines at once included",
        value: sum((one) => one.failures.length),
        unit: "",
        aim: 0,
      },
      {
        name: "unanswered requests, two engines at once included",
        value: sum((one) => one.unanswered),
        unit: "",
        aim: 0,
      },
      {
        name: "stale pictures, two engines at once included",
        value: sum((one) => one.stale),
        unit: "",
        aim: 0,
      },
      ...[...memory.keys()].map((at) => ({
        name: `resident memory after ${at}, panels closed and ${REST_MS / 1000} s of rest`,
        value: held(at) / 1e6,
        unit: "MB",
      })),
      {
        name: `resident memory after ${late} over after ${early}`,
        value: held(late) / held(early),
        unit: "x",
        aim: 1.1,
      },
      { name: `workers killed at random moments`, value: kills.kills, unit: "" },
      { name: "of these in the middle of an inspection", value: kills.hits, unit: "" },
      {
        name: "without the one clear message, or with a next inspection that failed",
        value: kills.wrong.length,
        unit: "",
        aim: 0,
      },
    ];
  } finally {
    await rm(place.scratch, { recursive: true });
  }
}

/** Freed memory goes back at once, in place of up to 16 caches of glibc's, which would hide a leak and look like one. */
const plainAllocator = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "1000000",
  MALLOC_TRIM_THRESHOLD_: "1000000",
};

type ChildReport = Omit<LoadReport, "memoryAfter"> & {
  readonly memory: readonly (readonly [number, number])[];
};

/** This file again, in a process of its own. */
function loadInChild(place: LoadPlace, count: number): ChildReport {
  const file = path.join(place.root, "out/bench/reliability.bench.mjs");
  const { stdout, stderr } = spawnSync(process.execPath, [file, "load", place.scratch, String(count)], {
    encoding: "utf8",
    env: { ...process.env, ...plainAllocator },
  });
  const line = stdout.split("\n").find((one) => one.startsWith("{"));
  if (!line) throw new Error(`The measured process failed: ${stderr}`);
  return JSON.parse(line) as ChildReport;
}

/** Memory is read after every fiftieth inspection. */
async function loadHere(scratch: string, count: number): Promise<void> {
  const place: LoadPlace = { root: path.join(import.meta.dirname, "../.."), scratch };
  const models = await loadModels(place);
  const engine = threadedEngine(place);
  const nReadings = Math.max(2, Math.round(count / 50));
  const memoryAt = Array.from({ length: nReadings }, (_, i) => Math.round(((i + 1) * count) / nReadings));
  const options = { count, seed: 7, nPanels: 2, memoryAt, restMs: REST_MS };
  const { memoryAfter, ...load } = await runLoad(engine, models, options);
  const report: ChildReport = { ...load, memory: [...memoryAfter] };
  console.log(JSON.stringify(report));
  await engine.stop();
  process.exit();
}

const [, , command, scratch, count] = process.argv;
if (command === "load") await loadHere(scratch!, Number(count));
