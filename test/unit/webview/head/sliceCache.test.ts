import { expect, test } from "vitest";
import type { MatrixQuery, MatrixSlice } from "../../../../src/protocol/slices";
import { createSliceCache, type Base, type Part } from "../../../../webview/views/head/sliceCache";

const base = (runId: string): Base => ({
  key: runId,
  query: { runId, choice: { block: "decoder", layer: 0, head: 0 }, measure: "weights" },
});
const part = (row: number): Part => ({
  window: { queryStart: row, queryEnd: row + 1, keyStart: 0, keyEnd: 4 },
  tokensPerCell: 1,
  withVisibility: false,
});
/** 16 bytes each. */
const sliceOf = ({ window }: MatrixQuery): MatrixSlice => ({
  ...window!,
  rows: 1,
  columns: 4,
  data: new Float32Array(4),
});
const turn = () => new Promise((resolve) => setTimeout(resolve));

function started(byteBudget = 1e6) {
  const asked: { query: MatrixQuery; signal: AbortSignal; answer(): void; fail(error: Error): void }[] = [];
  const cache = createSliceCache(
    (query, signal) =>
      new Promise((resolve, reject) => {
        asked.push({ query, signal, answer: () => resolve(sliceOf(query)), fail: reject });
      }),
    byteBudget,
  );
  return { asked, cache };
}

test("asks in the order of need, a few at once, and never twice for the same", async () => {
  const { asked, cache } = started();
  const parts = [0, 1, 2, 3, 4, 5].map(part);
  cache.want(base("r"), parts);
  cache.want(base("r"), parts);
  expect(asked.map(({ query }) => query.window!.queryStart)).toEqual([0, 1, 2, 3]);
  asked[0]!.answer();
  await turn();
  expect(asked).toHaveLength(5);
  expect(cache.get(base("r"), part(0))).toBeDefined();
  expect(cache.arrived.peek()).toBe(1);
});

test("gives up what is no longer wanted, and drops its late answer", async () => {
  const { asked, cache } = started();
  cache.want(base("r"), [part(0), part(1)]);
  cache.want(base("other"), [part(0)]);
  expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, true, false]);
  for (const { answer } of asked) answer();
  await turn();
  expect(cache.get(base("r"), part(0))).toBeUndefined();
  expect(cache.get(base("other"), part(0))).toBeDefined();
});

test("keeps to its budget, the longest unused going first", async () => {
  const { asked, cache } = started(32);
  for (const row of [0, 1]) {
    cache.want(base("r"), [part(row)]);
    asked.at(-1)!.answer();
    await turn();
  }
  expect(cache.get(base("r"), part(0))).toBeDefined();
  cache.want(base("r"), [part(2)]);
  asked.at(-1)!.answer();
  await turn();
  expect([0, 1, 2].map((row) => cache.get(base("r"), part(row)) !== undefined)).toEqual([true, false, true]);
});

test("tells of a failure, and goes on", async () => {
  const { asked, cache } = started();
  cache.want(base("r"), [part(0)]);
  asked[0]!.fail(new Error("the worker ended"));
  await turn();
  expect(cache.failure.peek()?.message).toContain("the worker ended");
  cache.want(base("r"), [part(1)]);
  asked[1]!.answer();
  await turn();
  expect(cache.failure.peek()).toBeUndefined();
});
