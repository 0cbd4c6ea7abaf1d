import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Memento } from "vscode";
import type { WorkerStarter } from "../../../src/engine/engine";
import { Threads } from "../../../src/host/threads";

const model = { id: "m", name: "M", source: "embedded", graph: "m.onnx" } as const;

function threads(nCores: number, kept: Record<string, unknown> = {}) {
  const memento = {
    get: (key: string) => kept[key],
    update: async (key: string, value: unknown) => void (kept[key] = value),
    keys: () => Object.keys(kept),
  } as unknown as Memento;
  const starter: WorkerStarter = { start: vi.fn(() => Promise.reject(new Error("no worker here"))) };
  const failed = vi.fn();
  const machine = { name: "box", nCores };
  return {
    kept,
    starter,
    failed,
    threads: new Threads(memento, machine, starter, { measured: vi.fn(), failed }),
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("measures after a rest of eight seconds, and says where that failed", async () => {
  const { threads: own, starter, failed } = threads(4);
  own.rest(model);
  await vi.advanceTimersByTimeAsync(7_900);
  expect(starter.start).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  expect(starter.start).toHaveBeenCalled();
  expect(failed).toHaveBeenCalledTimes(1);
});

it("does not measure while inspections go on, on one processor, or a second time", async () => {
  const busy = threads(4);
  busy.threads.rest(model);
  busy.threads.busy();
  const alone = threads(1);
  alone.threads.rest(model);
  const known = threads(4, { "threads box": 2 });
  known.threads.rest(model);
  await vi.advanceTimersByTimeAsync(60_000);
  for (const { starter } of [busy, alone, known]) expect(starter.start).not.toHaveBeenCalled();
});

it.each([
  [2, 2],
  [64, 0],
  ["2", 0],
  [undefined, 0],
])("reads a kept %j as %i threads", (value, best) => {
  expect(threads(4, { "threads box": value }).threads.best).toBe(best);
});
