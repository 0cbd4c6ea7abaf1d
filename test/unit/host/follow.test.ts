import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Debounce, FollowCost, followStep } from "../../../src/host/follow";

const uri = "file:///a";
const at = (cursor: number) => ({ start: cursor, end: cursor, cursor });
const inspected = { uri, start: 10, end: 20, stale: false };

describe("following the editor", () => {
  it.each([
    ["starts where nothing is inspected", { uri, selection: at(0) }, "select"],
    ["rests while the cursor moves inside", { uri, selection: at(15), inspected }, "nothing"],
    ["rests at the edges", { uri, selection: at(20), inspected }, "nothing"],
    [
      "runs again when the text changed under it",
      { uri, selection: at(15), inspected: { ...inspected, stale: true } },
      "again",
    ],
    ["goes with the cursor", { uri, selection: at(21), inspected }, "select"],
    ["goes to another document", { uri: "file:///b", selection: at(15), inspected }, "select"],
    ["takes a new selection", { uri, selection: { start: 12, end: 14, cursor: 14 }, inspected }, "select"],
    [
      "rests on the selection it has",
      { uri, selection: { start: 10, end: 20, cursor: 10 }, inspected },
      "nothing",
    ],
  ] as const)("%s", (_, view, step) => {
    expect(followStep(view)).toBe(step);
  });
});

describe("a debounce", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("runs once after the last of many triggers, and not after it is cancelled", () => {
    let count = 0;
    const debounce = new Debounce(250, () => count++);
    for (let key = 0; key < 5; key++) {
      debounce.trigger();
      vi.advanceTimersByTime(249);
    }
    expect(count).toBe(0);
    vi.advanceTimersByTime(1);
    expect(count).toBe(1);
    debounce.trigger();
    debounce.cancel();
    vi.advanceTimersByTime(1000);
    expect(count).toBe(1);
  });
});

describe("the cost of following", () => {
  it("is counted from the moment it is turned on", () => {
    const cost = new FollowCost();
    expect(cost.meanMs).toBe(0);
    cost.add(80);
    cost.add(40);
    expect([cost.nRuns, cost.totalMs, cost.meanMs]).toEqual([2, 120, 60]);
  });
});
