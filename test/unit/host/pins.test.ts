import { describe, expect, it } from "vitest";
import { tooManyTokens, unknownRun, workerDied } from "../../../src/core/errors";
import type { ModelSource } from "../../../src/core/modelSource";
import { Inspection } from "../../../src/host/inspection";
import { ComparedPins } from "../../../src/host/pins";
import { RunHolds } from "../../../src/host/runHolds";
import { fakeEngine } from "./fakeEngine";
import { plainDocument } from "./plainDocument";

const model: ModelSource = { id: "m", name: "M", source: "embedded", graph: "m.onnx" };
const other: ModelSource = { ...model, id: "n", name: "N" };
const head = (layer: number, head: number) => ({ block: "decoder" as const, layer, head });
const turn = () => new Promise((resolve) => setTimeout(resolve));

/** An inspection that shows a run `r1` of "a b", and pins that share its runs. */
async function shown() {
  const fake = fakeEngine();
  const holds = new RunHolds(fake.engine);
  const pins = new ComparedPins(fake.engine, holds);
  const inspection = new Inspection(fake.engine, holds);
  const show = async (runId: string, text: string, from = model) => {
    const result = inspection.start({ model: from, text });
    fake.pending.at(-1)!.finish(runId);
    await result;
  };
  await show("r1", "a b");
  return { ...fake, pins, inspection, show };
}
const query = (a: string, b: string) => ({
  runId: a,
  choice: head(0, 0),
  other: { runId: b, choice: head(0, 0) },
  size: 64,
});

describe("a pin", () => {
  it("keeps its run when the inspection goes on to another text and model, and lets go of it when cleared", async () => {
    const { pins, inspection, show, released } = await shown();
    pins.pin("a", inspection, head(1, 2));
    await show("r2", "c d e", other);
    pins.pin("b", inspection, head(0, 1));
    expect(released).toEqual([]);
    expect(pins.current).toMatchObject({
      a: { runId: "r1", choice: head(1, 2), model: "M", text: "a b", stale: false },
      b: { runId: "r2", choice: head(0, 1), text: "c d e" },
    });
    pins.clear();
    expect(pins.current).toEqual({});
    expect(released).toEqual(["r1"]);
    inspection.dispose();
    expect(released).toEqual(["r1", "r2"]);
  });

  it("is held once for each slot", async () => {
    const { pins, inspection, show, released } = await shown();
    pins.pin("a", inspection, head(0, 0));
    pins.pin("b", inspection, head(0, 1));
    await show("r2", "c");
    pins.pin("a", undefined, undefined);
    expect(released).toEqual([]);
    pins.pin("b", inspection, head(0, 1));
    expect(released).toEqual(["r1"]);
  });

  it("replaced by the same run keeps it", async () => {
    const { pins, inspection, show, released } = await shown();
    pins.pin("a", inspection, head(0, 0));
    pins.pin("a", inspection, head(0, 1));
    await show("r2", "c");
    expect(released).toEqual([]);
    expect(pins.current.a?.runId).toBe("r1");
  });

  it("swaps sides, and chooses another head of the run it has", async () => {
    const { pins, inspection } = await shown();
    pins.pin("a", inspection, head(0, 0));
    pins.swap();
    expect(pins.current.a).toBeUndefined();
    pins.choose("b", { block: "decoder", layer: "all", head: "mean" });
    expect(pins.current.b?.choice).toEqual({ block: "decoder", layer: "all", head: "mean" });
    expect(pins.current.b?.layers).toEqual([
      { layer: 0, nHeads: 3 },
      { layer: 1, nHeads: 3 },
    ]);
  });

  it("takes the nearest head where its run has fewer", async () => {
    const { pins, inspection } = await shown();
    pins.pin("a", inspection, head(7, 11));
    expect(pins.current.a?.choice).toEqual(head(1, 2));
  });

  it("is stale when its document says something else", async () => {
    const { pins, pending } = await shown();
    const uri = "file:///a.txt";
    const place = { uri, version: 1, start: 0, end: 3 };
    const running = pins.run("a", { model, text: "a b", document: place });
    pending.at(-1)!.finish("r2");
    await running;
    const edit = { offset: 0, length: 1, insertedLength: 1 };
    pins.documentChanged(plainDocument("x b", { uri, version: 2 }), [edit]);
    expect(pins.current.a).toMatchObject({ runId: "r2", stale: true });
  });
});

describe("a side that runs", () => {
  it("is said to run, then shows the mean of all heads", async () => {
    const { pins, pending } = await shown();
    const running = pins.run("b", { model, text: "c d" });
    expect(pins.current.b).toEqual({ model: "M", text: "c d", stale: false, layers: [] });
    pending.at(-1)!.finish("r2");
    await running;
    expect(pins.current.b).toMatchObject({
      runId: "r2",
      choice: { block: "decoder", layer: "all", head: "mean" },
    });
  });

  it("says why it failed, and can be run again", async () => {
    const { pins, pending } = await shown();
    const running = pins.run("b", { model, text: "c d" });
    pending.at(-1)!.fail(tooManyTokens("M", 1300, 512));
    await running;
    expect(pins.current.b?.error?.code).toBe("too-many-tokens");
    expect(pins.current.b?.runId).toBeUndefined();
    const again = pins.run("b", pins.requestOf("b")!);
    pending.at(-1)!.finish("r3");
    await again;
    expect(pins.current.b).toMatchObject({ runId: "r3", text: "c d" });
  });

  it("leaves its slot empty when it is cancelled", async () => {
    const { pins } = await shown();
    const running = pins.run("b", { model, text: "c d" });
    pins.cancel();
    await running;
    expect(pins.current).toEqual({});
  });

  it("takes over a failure of the inspection it is pinned from", async () => {
    const { pins, inspection, pending } = await shown();
    const running = inspection.start({ model, text: "c" });
    pending.at(-1)!.fail(tooManyTokens("M", 1300, 512));
    await running;
    pins.pin("a", inspection, undefined);
    expect(pins.current.a?.error?.code).toBe("too-many-tokens");
  });
});

describe("a comparison whose side the engine has lost", () => {
  it("runs that side again, once, and then says that both do not fit", async () => {
    const { pins, inspection, show, pending, loseRuns } = await shown();
    pins.pin("a", inspection, head(0, 0));
    await show("r2", "c d");
    pins.pin("b", inspection, head(0, 0));
    loseRuns(unknownRun("r1"));
    await expect(pins.compare(query("r1", "r2"))).rejects.toMatchObject({ code: "unknown-run" });
    expect(pins.current.a?.runId).toBeUndefined();
    expect(pins.current.b?.runId).toBe("r2");
    expect(pending.at(-1)!.request.text).toBe("a b");
    pending.at(-1)!.finish("r3");
    await turn();
    expect(pins.current.a).toMatchObject({ runId: "r3", choice: head(0, 0) });
    loseRuns(unknownRun("r3"));
    await expect(pins.compare(query("r3", "r2"))).rejects.toThrow();
    expect(pins.current.a?.error?.code).toBe("out-of-memory");
    expect(pins.current.b?.runId).toBe("r2");
  });

  it("runs both again when the worker died", async () => {
    const { pins, inspection, pending, loseRuns } = await shown();
    pins.pin("a", inspection, head(0, 0));
    pins.pin("b", inspection, head(0, 1));
    const nBefore = pending.length;
    loseRuns(workerDied("test"));
    await expect(pins.compare(query("r1", "r1"))).rejects.toMatchObject({ code: "worker-died" });
    expect(pending.length - nBefore).toBe(2);
  });

  it("leaves the pins alone after any other failure", async () => {
    const { pins, inspection, loseRuns } = await shown();
    pins.pin("a", inspection, head(0, 0));
    loseRuns(tooManyTokens("M", 2, 1));
    await expect(pins.compare(query("r1", "r1"))).rejects.toThrow();
    expect(pins.current.a?.runId).toBe("r1");
  });
});
