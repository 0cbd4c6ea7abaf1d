import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadModels, runKills, runLoad, threadedEngine, type LoadPlace } from "../support/load";
import type { BenchRow } from "./tokenizer.bench";

/** Longer than the engine's own patience with a heap that it does not need. */
const REST_MS = 6_000;

/**
 * 500 inspections in two panels of one engine, superseded at random, of 1 to 2,000 tokens, three models in turn; two
 * engines at once; 100 workers killed at random moments. About ten minutes.
 */
export async function run(): Promise<BenchRow[]> {
  const root = path.join(import.meta.dirname, "../..");
  const place: LoadPlace = { root, scratch: await mkdtemp(path.join(tmpdir(), "headlight-load-")) };
  try {
    const models = await loadModels(place);
    const engine = threadedEngine(place);
    const count = Number(process.env.HEADLIGHT_LOAD ?? 500);
    // After every fiftieth, and a rest in which the engine gives back what it does not need.
    const memoryAt = Array.from({ length: Math.max(2, count / 50) }, (_, i) =>
      Math.round(((i + 1) * count) / Math.max(2, count / 50)),
    );
    const load = await runLoad(engine, models, { count, seed: 7, nPanels: 2, memoryAt, restMs: REST_MS });
    const held = (at: number) => load.memoryAfter.get(at)!;
    const [early, late] = [memoryAt[0]!, memoryAt.at(-1)!];
    await engine.stop();
    console.log(`  ${count} inspections: ${JSON.stringify({ ...load, memoryAfter: [...load.memoryAfter] })}`);

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
    const sum = (of: (report: typeof load) => number) => [load, ...both].reduce((n, one) => n + of(one), 0);
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
      ...memoryAt.map((at) => ({
        name: `resident memory after ${at} and ${REST_MS / 1000} s of rest`,
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
