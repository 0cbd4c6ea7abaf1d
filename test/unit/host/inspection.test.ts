import { describe, expect, it } from "vitest";
import {
  continuationTooLong,
  cancelled,
  tooManyTokens,
  unknownRun,
  workerDied,
} from "../../../src/core/errors";
import { Inspection, type InspectionRequest } from "../../../src/host/inspection";
import { fakeEngine } from "./fakeEngine";
import { plainDocument } from "./plainDocument";

const model = { id: "m", name: "M", source: "embedded", graph: "m.onnx" } as const;
const request = (text: string): InspectionRequest => ({ model, text });
const uri = "file:///a.txt";
/** `text` in the middle of "before TEXT after". */
const placed = (text: string): InspectionRequest => ({
  model,
  text,
  document: { uri, version: 1, start: 7, end: 7 + text.length },
});

/** To be ended by the test. */
async function shownText() {
  const { engine, pending } = fakeEngine();
  const inspection = new Inspection(engine);
  const result = inspection.start(request("a b"));
  pending[0]!.finish("r1");
  await result;
  return { inspection, pending };
}

describe("a continuation", () => {
  it("asks for so many tokens, and for a whole target where none is given", async () => {
    const { inspection, pending } = await shownText();
    expect(pending[0]!.request).toMatchObject({ model, text: "a b", generate: {} });
    void inspection.start({ ...request("a b"), generate: { nTokens: 3 } });
    expect(pending[1]!.request.generate).toEqual({ nTokens: 3 });
    void inspection.start({ ...request("a b"), targetText: "c" });
    expect(pending[2]!.request).toMatchObject({ model, text: "a b", targetText: "c" });
    expect(pending[2]!.request.generate).toBeUndefined();
  });

  it("that is refused leaves what was shown", async () => {
    const { inspection, pending } = await shownText();
    const result = inspection.start({ ...request("a b"), generate: { nTokens: 3 } });
    pending[1]!.fail(continuationTooLong("M", 2, 3, 4));
    expect(await result).toMatchObject({ outcome: "failed", error: { code: "continuation-too-long" } });
    expect(inspection.shown?.run.runId).toBe("r1");
  });
});

describe("one inspection", () => {
  it("goes from empty over running with its stage to shown", async () => {
    const { engine, pending, progress } = fakeEngine();
    const inspection = new Inspection(engine);
    const seen: string[] = [inspection.state.status];
    inspection.onDidChange((state) =>
      seen.push(state.status === "running" ? `running ${state.stage ?? ""}`.trim() : state.status),
    );
    const result = inspection.start(request("a b"));
    progress("load");
    progress("load");
    progress("run");
    pending[0]!.finish("r1");
    expect(await result).toMatchObject({ outcome: "shown", run: { runId: "r1" } });
    expect(seen).toEqual(["empty", "running", "running load", "running run", "shown"]);
  });

  it("gives way to a newer one: the older is cancelled, and its late run is freed", async () => {
    const { engine, pending, released } = fakeEngine();
    const inspection = new Inspection(engine);
    const older = inspection.start(request("old"));
    const newer = inspection.start(request("new"));
    expect(pending[0]!.cancelled).toBe(true);
    pending[1]!.finish("r2");
    expect(await older).toEqual({ outcome: "superseded" });
    expect(await newer).toMatchObject({ outcome: "shown" });
    expect(inspection.shown?.request.text).toBe("new");
    expect(released).toEqual([]);
  });

  it("frees a run that an engine finished although it was superseded", async () => {
    const { engine, pending, released } = fakeEngine();
    const deaf = {
      ...engine,
      inspect: (r: never) => engine.inspect(r),
      onEvent: engine.onEvent,
    } as typeof engine;
    const inspection = new Inspection(Object.assign(deaf, { release: engine.release }));
    const older = inspection.start(request("old"));
    void inspection.start(request("new"));
    pending[0]!.finish("r1");
    expect(await older).toEqual({ outcome: "superseded" });
    expect(released).toEqual(["r1"]);
  });

  it("frees the run before it when the next one is there", async () => {
    const { engine, pending, released } = fakeEngine();
    const inspection = new Inspection(engine);
    const first = inspection.start(request("one"));
    pending[0]!.finish("r1");
    await first;
    const second = inspection.start(request("two"));
    expect(released).toEqual([]);
    pending[1]!.finish("r2");
    await second;
    expect(released).toEqual(["r1"]);
  });

  it("brings back what was shown when it is cancelled", async () => {
    const { engine, pending, released } = fakeEngine();
    const inspection = new Inspection(engine);
    const first = inspection.start(request("one"));
    pending[0]!.finish("r1");
    await first;
    const second = inspection.start(request("two"));
    expect(inspection.shown).toBeUndefined();
    inspection.cancel();
    expect(await second).toEqual({ outcome: "cancelled" });
    expect(inspection.shown?.run.runId).toBe("r1");
    expect(released).toEqual([]);
  });

  it("is empty again when the first one is cancelled", async () => {
    const { engine } = fakeEngine();
    const inspection = new Inspection(engine);
    const result = inspection.start(request("one"));
    inspection.cancel();
    expect(await result).toEqual({ outcome: "cancelled" });
    expect(inspection.state).toEqual({ status: "empty" });
  });

  it("keeps the code and the sentence of a failure", async () => {
    const { engine, pending } = fakeEngine();
    const inspection = new Inspection(engine);
    const result = inspection.start(request("long"));
    pending[0]!.fail(tooManyTokens("M", 1300, 1024));
    expect((await result).error?.code).toBe("too-many-tokens");
    expect(inspection.state).toMatchObject({ status: "failed", error: { code: "too-many-tokens" } });
  });

  it("ends as cancelled, not as failed, when it is closed while it runs", async () => {
    const { engine, pending } = fakeEngine();
    const inspection = new Inspection(engine);
    const result = inspection.start(request("one"));
    inspection.dispose();
    expect(pending[0]!.cancelled).toBe(true);
    expect(await result).toEqual({ outcome: "cancelled" });
  });
});

describe("a shown inspection whose text changes", () => {
  async function shown(text: string) {
    const fake = fakeEngine();
    const inspection = new Inspection(fake.engine);
    const result = inspection.start(placed(text));
    fake.pending[0]!.finish("r1");
    await result;
    return { inspection, ...fake };
  }

  it("is stale after an edit inside it, and no longer when the edit is taken back", async () => {
    const { inspection } = await shown("x y");
    inspection.documentChanged(plainDocument("before x! y after", { version: 2 }), [
      { offset: 8, length: 0, insertedLength: 1 },
    ]);
    expect(inspection.shown).toMatchObject({ stale: true, request: { document: { start: 7, end: 11 } } });
    inspection.documentChanged(plainDocument("before x y after", { version: 3 }), [
      { offset: 8, length: 1, insertedLength: 0 },
    ]);
    expect(inspection.shown).toMatchObject({ stale: false, request: { document: { start: 7, end: 10 } } });
  });

  it("moves with an edit before it without going stale", async () => {
    const { inspection } = await shown("x y");
    inspection.documentChanged(plainDocument("b x y after", { version: 2 }), [
      { offset: 0, length: 6, insertedLength: 1 },
    ]);
    expect(inspection.shown).toMatchObject({
      stale: false,
      request: { document: { version: 2, start: 2, end: 5 } },
    });
  });

  it("is stale when the document was closed and comes back with another text", async () => {
    const { inspection } = await shown("x y");
    inspection.documentChanged(plainDocument("something else", { version: 1 }), []);
    expect(inspection.shown?.stale).toBe(true);
  });

  it("leaves edits of other documents alone", async () => {
    const { inspection } = await shown("x y");
    const before = inspection.state;
    inspection.documentChanged(plainDocument("", { uri: "file:///b.txt" }), [
      { offset: 0, length: 99, insertedLength: 0 },
    ]);
    expect(inspection.state).toBe(before);
  });

  it("is shown as stale at once when the text changed while it ran", async () => {
    const { engine, pending } = fakeEngine();
    const inspection = new Inspection(engine);
    const result = inspection.start(placed("x y"));
    inspection.documentChanged(plainDocument("before x z after", { version: 2 }), [
      { offset: 9, length: 1, insertedLength: 1 },
    ]);
    pending[0]!.finish("r1");
    await result;
    expect(inspection.shown?.stale).toBe(true);
  });
});

describe("reading from a run", () => {
  const query = (runId: string) => ({
    runId,
    choices: [],
    measure: "weights" as const,
    axis: "query" as const,
    index: 3,
  });

  async function shown() {
    const fake = fakeEngine();
    const inspection = new Inspection(fake.engine);
    const result = inspection.start(request("x y"));
    fake.pending[0]!.finish("r1");
    await result;
    return { inspection, ...fake };
  }

  it("passes the question on for the run that is shown, and refuses any other", async () => {
    const { inspection } = await shown();
    expect(await inspection.read("vectors", query("r1"))).toEqual([new Float32Array([3])]);
    await expect(inspection.read("vectors", query("r0"))).rejects.toMatchObject({ code: "unknown-run" });
  });

  it.each([unknownRun("r1"), workerDied("code 1")])(
    "runs again by itself, once, after $code",
    async (error) => {
      const { inspection, pending, loseRuns } = await shown();
      loseRuns(error);
      await expect(inspection.read("vectors", query("r1"))).rejects.toMatchObject({ code: error.code });
      expect(inspection.state.status).toBe("running");
      pending[1]!.finish("r2");
      await Promise.resolve().then(() => undefined);
      expect(inspection.shown?.run.runId).toBe("r2");
      await expect(inspection.read("vectors", query("r2"))).rejects.toMatchObject({ code: error.code });
      expect(inspection.state).toMatchObject({ status: "failed", error: { code: error.code } });
      expect(pending).toHaveLength(2);
    },
  );

  it("runs again as often as another engine takes the place of the one that held the run", async () => {
    const { inspection, pending, loseRuns, replace } = await shown();
    for (const attempt of [1, 2, 3]) {
      replace();
      loseRuns(unknownRun(`r${attempt}`));
      await expect(inspection.read("vectors", query(`r${attempt}`))).rejects.toMatchObject({
        code: "unknown-run",
      });
      expect(inspection.state.status).toBe("running");
      loseRuns(undefined);
      pending[attempt]!.finish(`r${attempt + 1}`);
      await Promise.resolve().then(() => undefined);
      expect(inspection.shown?.run.runId).toBe(`r${attempt + 1}`);
    }
  });

  it("does not run again because a read was cancelled", async () => {
    const { inspection, pending, loseRuns } = await shown();
    loseRuns(cancelled());
    await expect(inspection.read("vectors", query("r1"))).rejects.toMatchObject({ code: "cancelled" });
    expect(inspection.state.status).toBe("shown");
    expect(pending).toHaveLength(1);
  });
});
