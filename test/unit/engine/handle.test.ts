import { describe, expect, it, vi } from "vitest";
import { createEngine } from "../../../src/engine/handle";
import type { WorkerStarter } from "../../../src/engine/engine";
import { openChannel, type Local } from "../../../src/protocol/channel";
import type {
  EngineContract,
  EngineEvents,
  InspectRequest,
  StubbornTask,
} from "../../../src/protocol/engineContract";
import { portPair } from "../protocol/pair";

const settings = { threads: 1, byteBudget: 1e9 };
const model = { id: "m", name: "m", source: "file", graph: "m.onnx" } as const;
const request = (text: string): InspectRequest => ({ model, text });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Workers in this thread whose methods the test gives; terminate drops what they would still say. */
function fakeStarter(methods: (generation: number) => Partial<Local<EngineContract>>) {
  const state = { started: 0, terminated: 0, configured: [] as unknown[], exit: (_reason: string) => {} };
  const starter: WorkerStarter = {
    async start() {
      const [near, far] = portPair();
      let alive = true;
      openChannel<EngineContract, object, object, EngineEvents>(
        {
          post: (message) => alive && far.post(message),
          listen: (listener) => far.listen((message) => alive && listener(message)),
        },
        {
          configure: (next) => {
            state.configured.push(next);
          },
          ...methods(++state.started),
        },
      );
      return {
        port: near,
        terminate: async () => {
          alive = false;
          state.terminated++;
        },
        onExit: (listener) => {
          state.exit = (reason) => {
            alive = false;
            listener(reason);
          };
        },
      };
    },
  };
  return { starter, state };
}

const never = () => new Promise<never>(() => {});
const summary = (runId: string, loadMs = 0) =>
  ({ runId, durations: { loadMs, tokenizeMs: 0, runMs: 0, totalMs: 0 } }) as never;

describe("the engine's handle", () => {
  it("starts no worker before the first call, and configures it first", async () => {
    const { starter, state } = fakeStarter(() => ({ tokenize: () => [] }));
    const engine = createEngine(starter, settings);
    await pause(5);
    expect(state.started).toBe(0);
    await engine.tokenize({ model, text: "a" });
    expect(state.started).toBe(1);
    expect(state.configured).toEqual([settings]);
  });

  it("lets a cancelled call end by itself within the grace and keeps its worker", async () => {
    const { starter, state } = fakeStarter(() => ({
      inspect: (_, { signal }) =>
        new Promise((resolve) => signal.addEventListener("abort", () => resolve(summary("r")))),
      tokenize: () => [],
    }));
    const engine = createEngine(starter, settings, { graceMs: 30 });
    const controller = new AbortController();
    const run = engine.inspect(request("a"), { signal: controller.signal });
    await pause(10);
    controller.abort();
    await expect(run).rejects.toMatchObject({ code: "cancelled" });
    await pause(60);
    expect(state.terminated).toBe(0);
    await engine.tokenize({ model, text: "a" });
    expect(state.started).toBe(1);
  });

  it("ends the worker of a cancelled call that does not let go; the next call gets a new one", async () => {
    const { starter, state } = fakeStarter((n) => ({ inspect: n === 1 ? never : () => summary("r2") }));
    const engine = createEngine(starter, settings, { graceMs: 20 });
    const controller = new AbortController();
    const run = engine.inspect(request("a"), { signal: controller.signal });
    await pause(10);
    controller.abort();
    await expect(run).rejects.toMatchObject({ code: "cancelled" });
    await pause(50);
    expect(state.terminated).toBe(1);
    expect(await engine.inspect(request("b"))).toMatchObject({ runId: "r2" });
    expect(state.started).toBe(2);
  });

  it("asks the new worker for calls that waited behind the cancelled one", async () => {
    const { starter, state } = fakeStarter((n) => ({
      inspect: n === 1 ? never : ({ text }) => summary(`second ${text}`),
    }));
    const engine = createEngine(starter, settings, { graceMs: 20 });
    const controller = new AbortController();
    const first = engine.inspect(request("a"), { signal: controller.signal });
    const second = engine.inspect(request("b"));
    await pause(10);
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: "cancelled" });
    expect(await second).toMatchObject({ runId: "second b" });
    expect(state.started).toBe(2);
  });

  it("does not end the worker for a cancelled call that still waits its turn", async () => {
    let finish = (_: never) => {};
    const { starter, state } = fakeStarter(() => ({
      inspect: ({ text }) =>
        text === "a" ? new Promise<never>((resolve) => (finish = resolve as typeof finish)) : never(),
    }));
    const engine = createEngine(starter, settings, { graceMs: 10 });
    const first = engine.inspect(request("a"));
    const controller = new AbortController();
    const second = engine.inspect(request("b"), { signal: controller.signal });
    await pause(10);
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: "cancelled" });
    await pause(40);
    expect(state.terminated).toBe(0);
    finish(summary("a"));
    expect(await first).toMatchObject({ runId: "a" });
  });

  it("fails open calls when the worker dies, with the reason, and starts another for the next", async () => {
    const { starter, state } = fakeStarter((n) => ({ inspect: n === 1 ? never : () => summary("r") }));
    const engine = createEngine(starter, settings);
    const run = engine.inspect(request("a"));
    await pause(10);
    state.exit("out of memory");
    await expect(run).rejects.toMatchObject({ code: "worker-died", detail: "out of memory" });
    expect(await engine.inspect(request("a"))).toMatchObject({ runId: "r" });
  });

  it("answers for a run that no worker holds without starting one", async () => {
    const { starter, state } = fakeStarter(() => ({}));
    const engine = createEngine(starter, settings);
    await expect(engine.statistics({ runId: "r", block: "decoder" })).rejects.toMatchObject({
      code: "unknown-run",
    });
    expect(state.started).toBe(0);
  });

  it("says why a worker could not be started, and tries again at the next call", async () => {
    const { starter } = fakeStarter(() => ({ tokenize: () => [] }));
    const start = vi.spyOn(starter, "start").mockRejectedValueOnce(new Error("Cannot find module worker.js"));
    const engine = createEngine(starter, settings);
    await expect(engine.tokenize({ model, text: "a" })).rejects.toMatchObject({
      code: "worker-not-started",
      message: expect.stringContaining("Cannot find module worker.js"),
    });
    expect(await engine.tokenize({ model, text: "a" })).toEqual([]);
    expect(start).toHaveBeenCalledTimes(2);
  });

  it("stop cancels open calls and ends the worker; a later call starts a new one", async () => {
    const { starter, state } = fakeStarter((n) => ({ inspect: n === 1 ? never : () => summary("r") }));
    const engine = createEngine(starter, settings);
    const run = engine.inspect(request("a")).catch((error: unknown) => error);
    await pause(10);
    await engine.stop();
    expect(await run).toMatchObject({ code: "cancelled" });
    expect(state.terminated).toBe(1);
    expect(await engine.inspect(request("a"))).toMatchObject({ runId: "r" });
  });

  it("forwards a new byte budget, but starts a new worker for a new number of threads", async () => {
    const { starter, state } = fakeStarter(() => ({ tokenize: () => [] }));
    const engine = createEngine(starter, settings);
    await engine.tokenize({ model, text: "a" });
    await engine.configure({ threads: 1, byteBudget: 5 });
    expect(state).toMatchObject({ started: 1, terminated: 0 });
    await engine.configure({ threads: 2, byteBudget: 5 });
    expect(state.terminated).toBe(1);
    await engine.tokenize({ model, text: "a" });
    expect(state.configured.at(-1)).toEqual({ threads: 2, byteBudget: 5 });
  });

  it("does not end a worker whose tokenizer finishes within its limit", async () => {
    const { starter, state } = fakeStarter(() => ({ inspect: () => summary("r") }));
    let emit = (_: StubbornTask | null) => {};
    const telling: WorkerStarter = {
      start: async (settings) => {
        const worker = await starter.start(settings);
        const listen = worker.port.listen.bind(worker.port);
        return {
          ...worker,
          port: {
            post: (message, transfer) => worker.port.post(message, transfer),
            listen: (listener) => {
              emit = (argument) => listener({ kind: "event", event: "stubborn", argument });
              listen(listener);
            },
          },
        };
      },
    };
    const engine = createEngine(telling, settings, { patienceTickMs: 20 });
    await engine.inspect(request("a"));
    for (const text of ["a", "b", "c"]) {
      emit({ model: text, limitMs: 1_000 });
      await pause(60);
      emit(null);
    }
    await pause(250);
    expect(state.terminated).toBe(0);
    emit({ model: "d", limitMs: 1_000 });
    await pause(400);
    expect(state.terminated).toBe(1);
  });

  it("relays events to its listeners until they leave", async () => {
    const log = vi.fn();
    let emit = () => {};
    const starter: WorkerStarter = {
      async start() {
        const [near, far] = portPair();
        const channel = openChannel<EngineContract, object, object, EngineEvents>(far, {
          configure: () => {},
          tokenize: () => [],
        });
        emit = () => channel.emit("log", { level: "info", message: "hello" });
        return { port: near, terminate: async () => {}, onExit: () => {} };
      },
    };
    const engine = createEngine(starter, settings);
    const leave = engine.onEvent({ log });
    await engine.tokenize({ model, text: "a" });
    emit();
    await pause(5);
    expect(log).toHaveBeenCalledWith({ level: "info", message: "hello" });
    leave();
    emit();
    await pause(5);
    expect(log).toHaveBeenCalledTimes(1);
  });
});
