import { expect, it } from "vitest";
import type { WorkerStarter } from "../../../src/engine/engine";
import { inlineStarter } from "../../../src/engine/inline";
import { measureThreads, threadCounts } from "../../../src/engine/measureThreads";
import type { EngineContract, EngineSettings, InspectRequest } from "../../../src/protocol/engineContract";
import type { Local } from "../../../src/protocol/channel";
import { runOf } from "../host/fakeEngine";

const model = { id: "m", name: "M", source: "embedded", graph: "m.onnx" } as const;

/** Workers whose forward pass takes as long as `times` says for their number of threads; the first pass ten times that. */
function machine(times: Record<number, number>) {
  const started: number[] = [];
  const requests: InspectRequest[] = [];
  const starter: WorkerStarter = {
    start(settings: EngineSettings) {
      started.push(settings.threads);
      let nRuns = 0;
      const service = {
        configure: () => undefined,
        load: () => ({ model: { ...runOf("r", "a").model, context: 64, vocab: 40 }, notices: [] }),
        inspect(request: InspectRequest) {
          requests.push(request);
          const runMs = times[settings.threads]! * (nRuns++ === 0 ? 10 : 1);
          const run = runOf(`r${nRuns}`, "a");
          return { ...run, durations: { ...run.durations, runMs } };
        },
        release: () => undefined,
      } as unknown as Local<EngineContract>;
      return inlineStarter(() => service).start(settings);
    },
  };
  return { starter, started, requests };
}

it("tries powers of two up to the processors, and their own number", () => {
  expect(threadCounts(1)).toEqual([1]);
  expect(threadCounts(2)).toEqual([1, 2]);
  expect(threadCounts(6)).toEqual([1, 2, 4, 6]);
  expect(threadCounts(32)).toEqual([1, 2, 4, 8]);
});

it("takes the fastest number, each tried in a worker of its own, the first pass of each left out", async () => {
  const { starter, started } = machine({ 1: 80, 2: 50, 4: 70 });
  const { best, runMs } = await measureThreads(starter, model, [1, 2, 4]);
  expect(best).toBe(2);
  expect(runMs).toEqual({ 1: 80, 2: 50, 4: 70 });
  expect(started).toEqual([1, 2, 4]);
});

it("keeps fewer threads where more gain less than a twentieth", async () => {
  expect((await measureThreads(machine({ 1: 80, 2: 50, 4: 49 }).starter, model, [1, 2, 4])).best).toBe(2);
  expect((await measureThreads(machine({ 1: 80, 2: 79 }).starter, model, [1, 2])).best).toBe(1);
});

it("feeds ids that the model has, and no more than it reads", async () => {
  const { starter, requests } = machine({ 1: 5 });
  await measureThreads(starter, model, [1]);
  const ids = requests[0]!.ids!;
  expect(ids).toHaveLength(64);
  expect(Math.min(...ids)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...ids)).toBeLessThan(40);
});

it("stops where it is told to", async () => {
  const controller = new AbortController();
  controller.abort();
  const { starter } = machine({ 1: 5 });
  await expect(measureThreads(starter, model, [1], controller.signal)).rejects.toMatchObject({
    code: "cancelled",
  });
});
