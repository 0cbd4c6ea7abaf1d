import { describe, expect, it } from "vitest";
import type { RunningWorker, WorkerStarter } from "../../../src/engine/engine";
import { createEngine } from "../../../src/engine/handle";
import { EnginePage } from "../../../src/host/enginePage";
import { EnginePages } from "../../../src/host/enginePages";
import { nodeFiles } from "../../../src/node/files";
import { openChannel, type Channel, type Local } from "../../../src/protocol/channel";
import type { EngineContract } from "../../../src/protocol/engineContract";
import {
  lanePort,
  type LanePort,
  type PageEngineContract,
  type PageEngineEvents,
  type PageEngineMessage,
} from "../../../src/protocol/pageEngine";

const settings = { threads: 1, byteBudget: 1e9, backend: "webgpu" } as const;
const model = { id: "m", name: "m", source: "file", graph: "/models/m.onnx" } as const;

/** Workers of this thread that say which they are. */
const plain: WorkerStarter = {
  async start(): Promise<RunningWorker> {
    let hear = (_: unknown) => {};
    let say = (_: unknown) => {};
    openChannel<EngineContract, object, object, object>(
      { post: (message) => queueMicrotask(() => say(message)), listen: (listener) => (hear = listener) },
      answering("plain"),
    );
    return {
      port: {
        post: (message) => queueMicrotask(() => hear(message)),
        listen: (listener) => (say = listener),
      },
      terminate: async () => {},
      onExit: () => {},
    };
  },
};

let noGpu: unknown;
const answering = (name: string): Partial<Local<EngineContract>> => ({
  configure: (given) => {
    noGpu = given.noGpu;
  },
  load: async () => ({ model: { name }, notices: [] }) as never,
});

type Refusal = Awaited<ReturnType<PageEngineContract["start"]>>;

/** A page as the webview has it, but for the worker: its engines answer here, or never. */
function fakePage({
  refused,
  never = false,
  silent = false,
}: Refusal & { never?: boolean; silent?: boolean } = {}) {
  const engines = new Map<number, LanePort>();
  const ended: number[] = [];
  const page: EnginePage = new EnginePage((message) => queueMicrotask(() => receive(message)), {
    code: "code",
    wasm: "wasm",
  });
  const post = (message: PageEngineMessage) => queueMicrotask(() => page.receive(message));
  const start = lanePort(post, "start", 0);
  const channel: Channel<object, PageEngineEvents> = openChannel<
    PageEngineContract,
    object,
    object,
    PageEngineEvents
  >(start, {
    start: ({ engine }) => {
      if (silent) return new Promise<never>(() => {});
      if (refused) return { refused };
      const port = lanePort(post, "engine", engine);
      engines.set(engine, port);
      const methods = answering("page");
      openChannel<EngineContract, object, object, object>(
        port,
        never ? { ...methods, load: () => new Promise<never>(() => {}) } : methods,
      );
      return {};
    },
    end: ({ engine }) => void ended.push(engine),
  });
  function receive({ lane, engine, message }: PageEngineMessage): void {
    if (lane === "start") start.receive(message);
    else engines.get(engine)?.receive(message);
  }
  return {
    page,
    ended,
    loseGpu: (reason: string) => channel.emit("ended", { engine: engines.size, reason, isGpuLost: true }),
  };
}

function enginePages(onBetterPlace = () => {}) {
  const pages = new EnginePages(plain, nodeFiles, onBetterPlace, 200);
  const engine = createEngine(pages, settings);
  const answeredBy = async () => (await engine.load({ model })).model.name;
  return { pages, engine, answeredBy };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("engines in an inspector's page", () => {
  it("wait for a page that is on its way", async () => {
    const { pages, answeredBy } = enginePages();
    const place = pages.open();
    const answer = answeredBy();
    await pause(20);
    place.arrived(fakePage().page);
    expect(await answer).toBe("page");
    expect(noGpu).toBeUndefined();
  });

  it("are workers of the host where no inspector is open, and move once one is", async () => {
    let nTold = 0;
    const { pages, engine, answeredBy } = enginePages(() => (nTold++, void engine.restart()));
    expect(await answeredBy()).toBe("plain");
    expect(noGpu).toEqual({ code: "no-page" });
    pages.open().arrived(fakePage().page);
    expect(await answeredBy()).toBe("page");
    expect(nTold).toBe(1);
  });

  it("are workers of the host where a page never comes", async () => {
    const { pages, answeredBy } = enginePages();
    pages.open();
    expect(await answeredBy()).toBe("plain");
    expect(noGpu).toEqual({ code: "no-page" });
  });

  it("are workers of the host, with the page's reason, where its adapter will not do", async () => {
    const refused = { code: "software-adapter", detail: "SwiftShader" } as const;
    const { pages, answeredBy } = enginePages();
    pages.open().arrived(fakePage({ refused }).page);
    expect(await answeredBy()).toBe("plain");
    expect(noGpu).toEqual(refused);
  });

  it("are workers of the host where a page does not answer", async () => {
    const { pages, answeredBy } = enginePages();
    pages.open().arrived(fakePage({ silent: true }).page);
    expect(await answeredBy()).toBe("plain");
    expect(noGpu).toMatchObject({ code: "webgpu-refused", detail: expect.stringMatching(/did not start/) });
  });

  it("start in the page that comes next where one is closed while it starts an engine", async () => {
    const { pages, answeredBy } = enginePages();
    const place = pages.open();
    place.arrived(fakePage({ silent: true }).page);
    const answer = answeredBy();
    await pause(20);
    place.left(true);
    place.arrived(fakePage().page);
    expect(await answer).toBe("page");
  });

  it("hand what they were asked to the next one when the page is closed in the middle", async () => {
    const { pages, answeredBy } = enginePages();
    const place = pages.open();
    place.arrived(fakePage({ never: true }).page);
    const answer = answeredBy();
    await pause(20);
    place.left(false);
    expect(await answer).toBe("plain");
    expect(noGpu).toEqual({ code: "no-page" });
  });

  it("start again in the page that takes the place of one that was reloaded", async () => {
    const { pages, answeredBy } = enginePages();
    const place = pages.open();
    place.arrived(fakePage({ never: true }).page);
    const answer = answeredBy();
    await pause(20);
    place.left(true);
    place.arrived(fakePage().page);
    expect(await answer).toBe("page");
  });

  it("are not tried again after the graphics device was lost, until the setting was another", async () => {
    const { pages, engine, answeredBy } = enginePages();
    const first = fakePage({ never: true });
    const place = pages.open();
    place.arrived(first.page);
    const answer = answeredBy();
    await pause(20);
    first.loseGpu("destroyed");
    expect(await answer).toBe("plain");
    expect(noGpu).toEqual({ code: "device-lost", detail: "destroyed" });
    place.arrived(fakePage().page);
    await engine.restart();
    expect(await answeredBy()).toBe("plain");
    await engine.configure({ ...settings, backend: "wasm" });
    expect(await answeredBy()).toBe("plain");
    expect(noGpu).toBeUndefined();
    await engine.configure(settings);
    expect(await answeredBy()).toBe("page");
  });

  it("are ended in the page when the engine is stopped", async () => {
    const { pages, engine, answeredBy } = enginePages();
    const one = fakePage();
    pages.open().arrived(one.page);
    await answeredBy();
    await engine.stop();
    expect(one.ended).toEqual([1]);
  });
});
