import { HeadlightError } from "../../../src/core/errors";
import type { HeadChoice, RunSummary } from "../../../src/core/run";
import { probeHead, type ProbeReport } from "../../../src/core/probe/probe";
import { openChannel } from "../../../src/protocol/channel";
import { parseStandalone } from "../../../src/protocol/standalone";
import type { PanelContract, PanelEvents, Pin, Pins, PinSlot } from "../../../src/protocol/panelContract";
import { enlarged, enlargedSummary, type Enlargement } from "./enlarge";
import type { ScoringRuns } from "../../../src/protocol/scoringRuns";
import type { InspectorContent } from "../../../src/protocol/viewContract";
import type { Slices } from "../../../src/protocol/slices";
import { standaloneSlices } from "../../../webview/standalone/slices";

/** The host's side of the channel, in the page: answers from a run that PyTorch or the engine computed, and keeps a log. */
export interface FakeHost {
  readonly calls: { readonly method: string; readonly argument: unknown }[];
  state: unknown;
  emit<K extends keyof PanelEvents>(event: K, argument: Parameters<PanelEvents[K]>[0]): void;
  /** Something that no host should send. */
  post(message: unknown): void;
  /** Calls of these methods fail with this sentence. */
  failing: Record<string, string>;
}

declare global {
  interface Window {
    headlightScoring?: ScoringRuns;
    headlightRun?: string;
    headlightEnlarge?: Enlargement;
    /** The program of a worker that answers in place of the page. */
    headlightWorker?: string;
    headlightContent?: InspectorContent;
    headlightState?: unknown;
    fakeHost: FakeHost;
  }
}

const given = window.headlightRun === undefined ? undefined : parseStandalone(window.headlightRun);
const { headlightEnlarge: enlarge, headlightWorker: workerSource } = window;
const whole = given && enlarge && !workerSource ? enlarged(given, enlarge) : given;
const content = whole && enlarge ? { ...whole, run: enlargedSummary(whole.run, enlarge) } : whole;
const slices = content && (workerSource ? slicesInWorker(workerSource) : standaloneSlices(content));

function slicesInWorker(source: string): Slices {
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  worker.postMessage({ run: window.headlightRun, enlarge });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  worker.onmessage = ({ data }: MessageEvent<{ id: number; result?: unknown; error?: string }>) => {
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) call?.reject(new Error(data.error));
    else call?.resolve(data.result);
  };
  let nCalls = 0;
  const call = (method: string) => (argument: unknown) =>
    new Promise((resolve, reject) => {
      const id = ++nCalls;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, method, argument });
    });
  const names = Object.keys(standaloneSlices(content!));
  return Object.fromEntries(names.map((name) => [name, call(name)])) as unknown as Slices;
}
const deliver = (message: unknown) => window.postMessage(message, "*");
let pins: Pins = {};
let probeReport: ProbeReport | undefined;

/** The shown text in place of the probe's inputs. */
function probeOf(): ProbeReport | undefined {
  if (!content) return undefined;
  const { run, tensors } = content;
  const heads = tensors
    .filter(({ what }) => what === "weights")
    .flatMap(({ block, layer, dims, data }) => {
      const [nHeads = 0, n = 0] = dims;
      return Array.from({ length: nHeads }, (_, head) => ({
        address: { block, layer, head },
        values: probeHead(
          { kind: "prose", text: run.text, tokens: run.tokens },
          { dims: [n, n], data: data.subarray(head * n * n, (head + 1) * n * n) },
        ) as Record<string, number>,
      }));
    });
  const inputs = [{ kind: "prose" as const, nTokens: run.tokens.length }];
  return { version: 2, model: run.model, inputs, heads, durationMs: 1 };
}
let toHost: (message: unknown) => void = () => {};

const host: FakeHost = {
  calls: [],
  state: window.headlightState,
  failing: {},
  post: deliver,
  emit: (event, argument) => channel.emit(event, argument),
};
window.fakeHost = host;

function setPins(next: Pins): void {
  pins = next;
  channel.emit("pins", pins);
}

function pinOf({ runId, model, text, blocks }: RunSummary, choice: HeadChoice): Pin {
  const layers = blocks.find(({ kind }) => kind === choice.block)!.layers;
  return { runId, choice, model: model.name, text, layers, stale: false };
}

/** As the host sends it: with typed arrays. */
function scoringRuns(): ScoringRuns {
  const given = window.headlightScoring ?? { text: "", runs: [], samples: [] };
  return { ...given, runs: given.runs.map((run) => ({ ...run, weights: Float32Array.from(run.weights) })) };
}

const noted =
  <A, R>(method: string, answer: (argument: A) => R) =>
  (argument: A): R => {
    host.calls.push({ method, argument });
    const failure = host.failing[method];
    if (failure) throw new HeadlightError("test", failure);
    return answer(argument);
  };

const channel = openChannel<PanelContract, object, object, PanelEvents>(
  {
    // Copied as a real boundary would.
    post: (message) => setTimeout(() => deliver(structuredClone(message))),
    listen: (listener) => (toHost = listener),
  },
  {
    ...(slices &&
      Object.fromEntries(Object.entries(slices).map(([name, run]) => [name, noted(name, run as never)]))),
    ready: noted("ready", () => ({
      content:
        window.headlightContent ??
        (content
          ? { status: "shown" as const, run: content.run, stale: false }
          : { status: "empty" as const }),
      selection: content?.selection,
      settings: content?.settings ?? { colourMap: "theme" as const },
    })),
    select: noted("select", () => {}),
    revealToken: noted("revealToken", () => {}),
    runAgain: noted("runAgain", () => {}),
    cancel: noted("cancel", () => {}),
    generate: noted("generate", () => {}),
    scoringRuns: noted("scoringRuns", () => scoringRuns()),
    pins: noted("pins", () => pins),
    pin: noted("pin", ({ slot, choice }: { slot: PinSlot; choice?: HeadChoice }) => {
      setPins({ ...pins, [slot]: choice && content && pinOf(content.run, choice) });
    }),
    choosePin: noted("choosePin", ({ slot, choice }: { slot: PinSlot; choice: HeadChoice }) => {
      const pin = pins[slot];
      setPins({ ...pins, [slot]: pin && { ...pin, choice } });
    }),
    runPin: noted("runPin", () => {}),
    probed: noted("probed", () => probeReport),
    probe: noted("probe", () => {
      probeReport = probeOf();
      return probeReport;
    }),
    showCard: noted("showCard", () => {}),
    swapPins: noted("swapPins", () => setPins({ a: pins.b, b: pins.a })),
    save: noted("save", () => ({ saved: true })),
    exportFailed: noted("exportFailed", () => {}),
  },
);

Object.assign(window, {
  acquireVsCodeApi: () => ({
    postMessage: (message: unknown) => {
      const copy = structuredClone(message);
      setTimeout(() => toHost(copy));
    },
    getState: () => host.state,
    setState: (state: unknown) => (host.state = structuredClone(state)),
  }),
});
