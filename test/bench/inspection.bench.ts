import fs from "node:fs";
import path from "node:path";
import * as ort from "onnxruntime-web";
import { root } from "../../scripts/folders.mjs";
import { openVscode, type ServedVscode } from "../vscode/servedVscode";
import type { MessageNote, Note } from "../vscode/watchPage";
import { median } from "./median";
import { headlight, modelToMeasure, textFiles, type BenchText } from "./texts";
import type { BenchRow } from "./tokenizer.bench";

const REPETITIONS = 7;
const WARM_UP = 2;
const SIZES = [64, 256, 512] as const;

/** One inspection as the window sees it. Times in milliseconds from the key that asks for it. */
interface WindowTrace {
  /** The page hears that a run is in progress; undefined where it was over before. */
  readonly announcedMs: number | undefined;
  /** The worker's own time for everything, and for the forward pass. */
  readonly workerMs: number;
  readonly forwardMs: number;
  /** The page has the summary. */
  readonly summaryMs: number;
  readonly paintedMs: number;
  /** Bytes to the page until nothing more comes for half a second. */
  readonly bytes: number;
  /** The run's attention weights, float32. */
  readonly runBytes: number;
}

/** With a plain forward pass of the same text right after it. */
interface Trace extends WindowTrace {
  readonly plainMs: number;
}

export const note = `Where the time goes, from the key to the picture, warm; all clocks are one machine's. At 256 tokens on the 2
processors above, with marks in host and worker as well (medians of 9): 17 ms until VS Code has carried the key to the
extension; 1 ms of the extension; 1 ms to the worker; 4 ms there to take its turn and tokenise; 60 ms of forward pass
(45 alone: the window works on the same two processors); 8 ms to check every row and read the mask; 8 ms to make the
thumbnails and hand them over; 11 to 15 ms for 130 to 200 KB to reach the page (an empty message takes 2); 12 to 18 ms
until the next frame is drawn, of which up to 16 are the wait for it. Before the picture came with the summary, the page
asked for it after a matrix, a row, predictions and all statistics: 167 ms from summary to painted at 256 tokens, 228 at
512, and 5.7 % of the run's size in messages at 512 tokens.`;

/**
 * An inspection in a real VS Code, end to end and part by part: from the key that runs the command to the first
 * painted heatmap, warm, over the plain model's forward pass in the same run. Taken inside the window by the
 * browser's own clock: what drives the window adds nothing. Medians.
 */
export async function run(): Promise<BenchRow[]> {
  const model = modelToMeasure();
  const { folder, texts } = textFiles(model, SIZES, REPETITIONS + WARM_UP);
  const plain = await openPlain(model, texts[0]![0]);
  const { traces, roundTripMs } = await measureWindow(folder, texts, plain);
  await plain.close();
  return [
    { name: "empty round trip between page and extension", value: roundTripMs, unit: "ms" },
    ...SIZES.flatMap((nTokens, size) => {
      const of = (value: (trace: Trace) => number | undefined) =>
        median(traces[size]!.map(value).filter((ms) => ms !== undefined));
      const name = (what: string) => `inspection of ${nTokens} tokens: ${what}`;
      const ms = (what: string, value: number) => ({ name: name(what), value, unit: "ms" });
      return [
        ms(
          "command to painted",
          of(({ paintedMs }) => paintedMs),
        ),
        ms(
          "in it, key to the page's first word of it",
          of(({ announcedMs }) => announcedMs),
        ),
        ms(
          "in it, the worker",
          of(({ workerMs }) => workerMs),
        ),
        ms(
          "in it, the worker's forward pass",
          of(({ forwardMs }) => forwardMs),
        ),
        ms(
          "in it, key to summary, without the worker",
          of(({ summaryMs, workerMs }) => summaryMs - workerMs),
        ),
        ms(
          "in it, summary to painted",
          of(({ paintedMs, summaryMs }) => paintedMs - summaryMs),
        ),
        ms(
          "plain forward pass",
          of(({ plainMs }) => plainMs),
        ),
        {
          name: name("painted over plain"),
          value: of(({ paintedMs, plainMs }) => paintedMs / plainMs),
          unit: "x",
          ...(nTokens === 256 && { aim: 1.3 }),
        },
        {
          name: name("painted over plain, from the extension's first word on"),
          value: of((trace) => {
            const ownMs = ownTime(trace, roundTripMs);
            return ownMs && ownMs / trace.plainMs;
          }),
          unit: "x",
        },
        {
          name: name("painted over the worker's own forward pass, from the extension's first word on"),
          value: of((trace) => {
            const ownMs = ownTime(trace, roundTripMs);
            return ownMs && ownMs / trace.forwardMs;
          }),
          unit: "x",
        },
        {
          name: name("sent to the page, over the run's size"),
          value: of(({ bytes, runBytes }) => (100 * bytes) / runBytes),
          unit: "%",
          ...(nTokens === 512 && { aim: 1 }),
        },
      ];
    }),
  ];
}

/** Without VS Code's way with the key: from the message that says that a run is in progress, sent when the command began. */
function ownTime({ announcedMs, paintedMs }: WindowTrace, roundTripMs: number): number | undefined {
  return announcedMs === undefined ? undefined : paintedMs - (announcedMs - roundTripMs / 2);
}

/** A text of its own each time, so that no earlier run will do; a plain pass after each, while nothing else runs. */
async function measureWindow(
  folder: string,
  texts: ReturnType<typeof textFiles>["texts"],
  plain: PlainModel,
): Promise<{ traces: Trace[][]; roundTripMs: number }> {
  const vscode = await openVscode({ file: texts[0]![0].file, from: folder, watch: true });
  try {
    // Opens the page and loads the model; a key that is pressed before VS Code knows the extension does nothing.
    await vscode.run("Headlight: Inspect Attention");
    await vscode.painted(".overview");
    const traces = [];
    for (const ofOneSize of texts) {
      const ofSize = [];
      for (let repetition = 0; repetition < REPETITIONS + WARM_UP; repetition++) {
        const { file, ids } = ofOneSize[repetition]!;
        const trace = await inspectOnce(vscode, file);
        const plainMs = await plain.run(ids);
        if (repetition >= WARM_UP) ofSize.push({ ...trace, plainMs });
      }
      traces.push(ofSize);
    }
    return { traces, roundTripMs: await roundTrip(vscode) };
  } finally {
    await vscode.close();
  }
}

async function inspectOnce(vscode: ServedVscode, file: string): Promise<WindowTrace> {
  const { page } = vscode;
  await page.getByRole("treeitem", { name: file, exact: true }).click();
  await page.locator(".tab.active", { hasText: file }).first().waitFor();
  await page.locator(".editor-group-container.active .monaco-editor .view-line").first().click();
  await page.keyboard.press("Control+a");
  await settled(vscode);
  const before = await vscode.notes();
  await page.keyboard.press("Control+Alt+a");
  for (const startedMs = Date.now(); Date.now() - startedMs < 120_000;) {
    const after = (await settled(vscode)).slice(before.length);
    const trace = traceOf(before, after);
    if (trace) return trace;
  }
  throw new Error(`No new heatmap of ${file} was painted in two minutes.`);
}

/** The notes, once none has come for half a second. */
async function settled(vscode: ServedVscode): Promise<Note[]> {
  for (let notes = await vscode.notes(); ;) {
    await vscode.page.waitForTimeout(500);
    const later = await vscode.notes();
    if (later.length === notes.length) return later;
    notes = later;
  }
}

function traceOf(before: readonly Note[], notes: readonly Note[]): WindowTrace | undefined {
  const key = notes.find((note) => note.what === "key" && note.key.toLowerCase() === "a");
  const messages = notes.filter((note): note is MessageNote => note.what === "in");
  const announced = messages.find(({ name }) => name === "event content running");
  const summary = messages.find(({ name }) => name === "event content shown");
  const last = overviews(before).at(-1)?.checksum;
  const startedMs = key?.atMs ?? Infinity;
  const painted = overviews(notes).find(({ atMs, checksum }) => atMs > startedMs && checksum !== last);
  if (!key || !summary?.durations || !painted) return undefined;
  const from = (note: Note) => note.atMs - key.atMs;
  return {
    announcedMs: announced && from(announced),
    workerMs: summary.durations.totalMs,
    forwardMs: summary.durations.runMs,
    summaryMs: from(summary),
    paintedMs: from(painted),
    bytes: messages.reduce((sum, { bytes }) => sum + bytes, 0),
    runBytes: summary.runBytes ?? 0,
  };
}

function overviews(notes: readonly Note[]) {
  return notes.filter((note) => note.what === "painting").filter(({ place }) => /view-heads/.test(place));
}

/** The page asks for a method that there is not: nothing but the way there and back. */
async function roundTrip(vscode: ServedVscode): Promise<number> {
  const times: number[] = [];
  for (let repetition = 0; repetition < 20; repetition++) {
    times.push(await vscode.inspector.locator("body").evaluate(askNothing, 1_000_000 + repetition));
  }
  return median(times);
}

function askNothing(_: unknown, id: number): Promise<number> {
  const { headlightPort } = window as unknown as { headlightPort: { postMessage(message: unknown): void } };
  return new Promise((resolve) => {
    const startedMs = performance.now();
    window.addEventListener("message", function listen({ data }: MessageEvent<{ id?: number } | null>) {
      if (data?.id !== id) return;
      window.removeEventListener("message", listen);
      resolve(performance.now() - startedMs);
    });
    headlightPort.postMessage({ kind: "call", id, method: "nothing" });
  });
}

interface PlainModel {
  /** Milliseconds of one forward pass. */
  run(ids: readonly number[]): Promise<number>;
  close(): Promise<void>;
}

/** The model as it is in the file, on the same runtime with as many threads. */
async function openPlain(model: string, { ids }: BenchText): Promise<PlainModel> {
  const summary = JSON.parse(headlight("inspect", "--model", model, "--ids", ids.join(","), "--json")) as {
    backend: { threads?: number };
  };
  ort.env.wasm.numThreads = summary.backend.threads ?? 1;
  const graph = fs.readFileSync(path.join(root, "media", "models", model, "model.onnx"));
  const session = await ort.InferenceSession.create(graph, { logSeverityLevel: 3 });
  return {
    async run(ids) {
      const feed = new ort.Tensor("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]);
      const startedMs = performance.now();
      await session.run({ [session.inputNames[0]!]: feed });
      return performance.now() - startedMs;
    },
    close: () => session.release(),
  };
}
