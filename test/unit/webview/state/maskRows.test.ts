import { computed, signal } from "@preact/signals-core";
import { expect, it, vi } from "vitest";
import type { MaskQuery, MaskSlice } from "../../../../src/protocol/slices";
import type { Inspector } from "../../../../webview/state/inspector";
import { maskRows, rowsToAsk } from "../../../../webview/state/maskRows";

/** Every second key is hidden: no rule of the summary says it. */
const answer = ({ queryStart = 0, queryEnd = 0 }: MaskQuery, nKeys: number): MaskSlice => ({
  queryStart,
  queryEnd,
  nKeys,
  visible: Uint8Array.from({ length: (queryEnd - queryStart) * nKeys }, (_, cell) => (cell % nKeys) % 2),
});

function open(nTokens: number) {
  const activeQuery = signal<number | undefined>(0);
  const asked: MaskQuery[] = [];
  const mask = (query: MaskQuery) => {
    asked.push(query);
    return Promise.resolve(answer(query, nTokens));
  };
  const inspector = {
    run: signal({ runId: "r" }),
    block: signal({ kind: "decoder" }),
    layer: signal({ layer: 1, nQueries: nTokens, nKeys: nTokens }),
    activeQuery,
    activeQueries: computed(() => [activeQuery.value!]),
    host: { remote: { mask } },
  } as unknown as Inspector;
  return { visible: maskRows(inspector, () => true), activeQuery, asked };
}

it("asks for a small mask once, whole", async () => {
  const { visible, activeQuery, asked } = open(512);
  await vi.waitFor(() => expect(visible.value).toBeDefined());
  activeQuery.value = 511;
  expect([visible.value!(511, 4), visible.value!(511, 5)]).toEqual([false, true]);
  expect(asked).toEqual([{ runId: "r", block: "decoder", layer: 1, queryStart: 0, queryEnd: 512 }]);
});

it.each([2048, 4096, 50_000])(
  "of %i tokens asks for rows about the query, under a megabyte a message, and hides its masked keys",
  async (nTokens) => {
    const { visible, activeQuery, asked } = open(nTokens);
    const query = nTokens - 1;
    activeQuery.value = query;
    await vi.waitFor(() => expect(visible.value?.(query, 1000)).toBe(false));
    expect(visible.value!(query, 1001)).toBe(true);
    for (const { queryStart = 0, queryEnd = 0 } of asked)
      expect((queryEnd - queryStart) * nTokens).toBeLessThan(1e6);
    const nAsked = asked.length;
    activeQuery.value = Math.max(asked.at(-1)!.queryStart!, query - 1);
    await Promise.resolve();
    expect(asked.length).toBe(nAsked);
  },
);

it("asks for a word's rows together where they lie in two blocks", () => {
  const size = { nQueries: 4096, nKeys: 4096 };
  expect(rowsToAsk(size, [63])).toEqual({ queryStart: 0, queryEnd: 64 });
  expect(rowsToAsk(size, [64, 63, 64])).toEqual({ queryStart: 0, queryEnd: 128 });
  expect(rowsToAsk(size, [4095, 2])).toEqual({ queryStart: 4032, queryEnd: 4096 });
});
