import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { InspectionState } from "../../../src/host/inspection";
import { Surroundings } from "../../../src/host/surroundings";

const running = { status: "running" } as InspectionState;
const shown = (runId: string, stale = false) =>
  ({ status: "shown", run: { runId }, stale }) as unknown as InspectionState;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("does not touch the window for a run that is over within 300 ms, and lets its picture be painted first", () => {
  const follow = vi.fn();
  const surroundings = new Surroundings(follow);
  surroundings.stateChanged(running);
  vi.advanceTimersByTime(200);
  surroundings.stateChanged(shown("r1"));
  expect(follow).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60);
  expect(follow).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1000);
  expect(follow).toHaveBeenCalledTimes(1);
});

it("follows a longer run after 300 ms, however often its stage changes", () => {
  const follow = vi.fn();
  const surroundings = new Surroundings(follow);
  for (let ms = 0; ms < 300; ms += 50) {
    surroundings.stateChanged(running);
    vi.advanceTimersByTime(50);
  }
  expect(follow).toHaveBeenCalledTimes(1);
});

it("follows at once what is not a new run: an edit, a failure, another choice, a closed panel", () => {
  const follow = vi.fn();
  const surroundings = new Surroundings(follow);
  surroundings.stateChanged(shown("r1"));
  vi.advanceTimersByTime(60);
  surroundings.stateChanged(shown("r1", true));
  surroundings.stateChanged({ status: "failed" } as InspectionState);
  surroundings.stateChanged(undefined);
  expect(follow).toHaveBeenCalledTimes(4);
});

it("is silent once it is disposed of", () => {
  const follow = vi.fn();
  const surroundings = new Surroundings(follow);
  surroundings.stateChanged(running);
  surroundings.dispose();
  vi.advanceTimersByTime(1000);
  expect(follow).not.toHaveBeenCalled();
});
