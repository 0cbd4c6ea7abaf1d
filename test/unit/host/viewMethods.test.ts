import { describe, expect, it } from "vitest";
import { isReadyCall, PagePort } from "../../../src/host/pagePort";
import { contentOf, Session } from "../../../src/host/session";
import { viewMethods, type ViewActions } from "../../../src/host/viewMethods";
import { openChannel } from "../../../src/protocol/channel";
import type { ViewContract, ViewEvents } from "../../../src/protocol/viewContract";
import { fakeEngine } from "./fakeEngine";

const model = { id: "m", name: "M", source: "embedded", graph: "m.onnx" } as const;
const choice = { block: "decoder", layer: 1, head: 2 } as const;

/** A page joined to a session with a shown run, through ports as the panel has them. */
async function pageWithRun() {
  const fake = fakeEngine();
  const session = new Session(fake.engine);
  const result = session.inspection.start({ model, text: "I saw a saw" });
  fake.pending[0]!.finish("r1");
  await result;
  const failures: unknown[] = [];
  const saved: string[] = [];
  const generated: unknown[] = [];
  const actions: ViewActions = {
    ready: async () => ({ content: contentOf(session.state), settings: { colourMap: "theme" } }),
    revealToken: async () => undefined,
    runAgain: async () => undefined,
    generate: async (message) => generated.push(message),
    scoringRuns: async (text) => ({ text, runs: [], samples: [] }),
    exportPage: async () => true,
    save: async (name) => saved.push(name) > 0,
    exportFailed: (error) => failures.push(error),
    failed: (error) => failures.push(error),
  };
  let toPage: (message: unknown) => void = () => undefined;
  const port = new PagePort({ post: (message) => queueMicrotask(() => toPage(structuredClone(message))) });
  openChannel<ViewContract, object, object, ViewEvents>(port, viewMethods(session, actions));
  const { remote } = openChannel<object, ViewEvents, ViewContract, object>(
    {
      post: (message) => queueMicrotask(() => port.receive(structuredClone(message))),
      listen: (listener) => (toPage = listener),
    },
    {},
  );
  return { ...fake, session, remote, port, failures, saved, generated };
}

describe("a page's calls", () => {
  it("get the shown content first", async () => {
    const { remote } = await pageWithRun();
    expect((await remote.ready({})).content).toMatchObject({
      status: "shown",
      run: { runId: "r1" },
      stale: false,
    });
  });

  it("continue the text by a number of tokens, and are refused for anything else", async () => {
    const { remote, generated, failures } = await pageWithRun();
    await remote.generate({ nTokens: 8 });
    await remote.generate({ targetText: "1998" });
    expect(generated).toEqual([{ nTokens: 8 }, { targetText: "1998" }]);
    await expect(remote.generate({ nTokens: 0 })).rejects.toMatchObject({ code: "malformed-message" });
    await expect(remote.generate({ nTokens: 1.5 })).rejects.toMatchObject({ code: "malformed-message" });
    await expect(remote.scoringRuns({ text: "x".repeat(1001) })).rejects.toThrow();
    expect(await remote.scoringRuns({ text: "7.8.2031" })).toEqual({
      text: "7.8.2031",
      runs: [],
      samples: [],
    });
    expect(failures).toHaveLength(3);
  });

  it("read the run that is shown, and are refused for any other", async () => {
    const { remote, failures } = await pageWithRun();
    const query = { choices: [choice], measure: "weights", axis: "query", index: 2 } as const;
    expect(await remote.vectors({ ...query, choices: [choice], runId: "r1" })).toEqual([
      new Float32Array([2]),
    ]);
    await expect(remote.vectors({ ...query, choices: [choice], runId: "r0" })).rejects.toMatchObject({
      code: "unknown-run",
    });
    expect(failures).toHaveLength(1);
  });

  it("are answered with an error, and logged, where they are malformed", async () => {
    const { remote, failures, session } = await pageWithRun();
    const before = session.selection;
    await expect(remote.select({ view: "head", choice: "all" } as never)).rejects.toMatchObject({
      code: "malformed-message",
    });
    await expect(remote.matrix(null as never)).rejects.toMatchObject({ code: "malformed-message" });
    await expect(remote.save({ name: "x", bytes: "text" } as never)).rejects.toMatchObject({
      code: "malformed-message",
    });
    expect(failures).toHaveLength(3);
    expect(session.selection).toEqual(before);
  });

  it("choose a head as far as the run has it", async () => {
    const { remote, session } = await pageWithRun();
    await remote.select({
      view: "head",
      choice: { block: "decoder", layer: 9, head: 9 },
      measure: "weights",
      query: 3,
    });
    expect(session.selection).toEqual({
      view: "head",
      choice: { block: "decoder", layer: 1, head: 2 },
      measure: "weights",
      query: 3,
    });
  });

  it("save under a bare name only", async () => {
    const { remote, saved } = await pageWithRun();
    expect(await remote.save({ name: "../../heads.png", bytes: new Uint8Array(1) })).toEqual({ saved: true });
    expect(saved).toEqual(["heads.png"]);
  });

  it("reach nothing once the page is gone", async () => {
    const { remote, port, session } = await pageWithRun();
    port.close();
    void remote.select({ view: "head", choice, measure: "weights" });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(session.selection?.view).toBe("heads");
  });

  it("are known as a new page's by the first of them", () => {
    expect(isReadyCall({ kind: "call", id: 1, method: "ready", argument: {} })).toBe(true);
    expect(isReadyCall({ kind: "call", id: 1, method: "select" })).toBe(false);
    expect(isReadyCall(null)).toBe(false);
  });
});
