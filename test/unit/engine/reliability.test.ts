import { rm } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../../src/engine/engine";
import type { ModelSource } from "../../../src/protocol/engineContract";
import { loadModels, runKills, runLoad, threadedEngine, type LoadPlace } from "../../support/load";
import { build, temporaryFolder } from "../node/built";

/** The short form of `npm run bench -- reliability`. */
describe("under load", { timeout: 300_000 }, () => {
  let place: LoadPlace;
  let models: ModelSource[];
  const engines: Engine[] = [];
  const engine = () => {
    engines.push(threadedEngine(place));
    return engines.at(-1)!;
  };

  beforeAll(async () => {
    build();
    place = { root: path.join(import.meta.dirname, "../../.."), scratch: await temporaryFolder() };
    models = await loadModels(place);
  });
  afterAll(async () => {
    await Promise.all(engines.map((one) => one.stop()));
    await rm(place.scratch, { recursive: true });
  });

  it("answers every inspection of two panels, superseded at random, and shows nothing stale", async () => {
    const report = await runLoad(engine(), models, { count: 20, seed: 5, nPanels: 2, memoryAt: [] });
    expect(report).toMatchObject({ failures: [], unanswered: 0, stale: 0 });
    expect(report.shown).toBeGreaterThan(0);
    expect(report.superseded).toBeGreaterThan(0);
  });

  it("does the same with two engines at once", async () => {
    const options = { count: 8, seed: 9, nPanels: 1, memoryAt: [] };
    const reports = await Promise.all([engine(), engine()].map((one) => runLoad(one, models, options)));
    for (const report of reports) expect(report).toMatchObject({ failures: [], unanswered: 0, stale: 0 });
  });

  it("says so when its worker is killed at any moment, and the next inspection works", async () => {
    const { hits, wrong } = await runKills(engine(), models[0]!, { count: 6, seed: 3 });
    expect(wrong).toEqual([]);
    expect(hits).toBeGreaterThan(0);
  });
});
