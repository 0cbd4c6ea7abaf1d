import { expect, it, vi } from "vitest";
import type { Remote } from "../../../../src/protocol/channel";
import type { Thumbnails } from "../../../../src/protocol/slices";
import type { ViewContract } from "../../../../src/protocol/viewContract";
import { answeringAhead } from "../../../../webview/state/ahead";

const picture = (value: number): Thumbnails => ({
  block: "decoder",
  layers: [{ layer: 0, nHeads: 1 }],
  rows: 1,
  columns: 1,
  data: Uint8Array.of(value),
  largest: 1,
});

function page() {
  const thumbnails = vi.fn(async () => picture(1));
  const cancel = vi.fn(async () => undefined);
  const remote = { thumbnails, cancel } as unknown as Remote<ViewContract>;
  const { host, keep } = answeringAhead({ remote, getState: () => undefined, setState: () => undefined });
  return { remote: host.remote, keep, thumbnails, cancel };
}

it("answers a question that came ahead without asking, whatever the order of its fields", async () => {
  const { remote, keep, thumbnails } = page();
  const query = { size: 80, block: "decoder", runId: "r2" };
  keep("r2", [{ method: "thumbnails", query, value: picture(2) }]);
  expect((await remote.thumbnails({ runId: "r2", block: "decoder", size: 80 })).data).toEqual(
    Uint8Array.of(2),
  );
  expect(thumbnails).not.toHaveBeenCalled();
});

it("asks where the run, the size or what is wanted differs", async () => {
  const { remote, keep, thumbnails } = page();
  const query = { runId: "r2", block: "decoder", size: 80 } as const;
  keep("r2", [{ method: "thumbnails", query, value: picture(2) }]);
  for (const other of [{ runId: "r1" }, { size: 96 }, { of: "means" as const }]) {
    expect((await remote.thumbnails({ ...query, ...other })).data).toEqual(Uint8Array.of(1));
  }
  expect(thumbnails).toHaveBeenCalledTimes(3);
});

it("keeps what came for the last run only, and leaves other methods alone", async () => {
  const { remote, keep, thumbnails, cancel } = page();
  const query = { runId: "r2", block: "decoder", size: 80 } as const;
  keep("r2", [{ method: "thumbnails", query, value: picture(2) }]);
  keep("r3", []);
  await remote.thumbnails(query);
  await remote.cancel();
  expect(thumbnails).toHaveBeenCalledTimes(1);
  expect(cancel).toHaveBeenCalledTimes(1);
});
