import { mkdir } from "node:fs/promises";
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { RunSummary } from "../../src/core/run";
import type { Engine } from "../../src/engine/engine";
import { createEngine } from "../../src/engine/handle";
import { Inspection } from "../../src/host/inspection";
import { embeddedModels } from "../../src/model/embedded";
import { folderModel } from "../../src/model/folder";
import { nodeFiles } from "../../src/node/files";
import { nodeWorkerStarter } from "../../src/node/workerStarter";
import type { ModelSource } from "../../src/protocol/engineContract";
import { uniform, writeGeneratedModel } from "./generatedModel";

/** What a load run is made of: where the build is, and a folder to write a model of long context into. */
export interface LoadPlace {
  readonly root: string;
  readonly scratch: string;
}

/** Three models: one for code, an encoder, and a generated one that reads 4,096 tokens. */
export async function loadModels({ root, scratch }: LoadPlace): Promise<ModelSource[]> {
  const models = path.join(root, "media/models");
  const embedded = await embeddedModels(nodeFiles, models);
  const wanted = ["code-4x8", "encoder-4x8"].map(
    (id) => embedded.find(({ source }) => source.id === id)!.source,
  );
  const folder = path.join(scratch, "long-2x4");
  await mkdir(folder, { recursive: true });
  await writeGeneratedModel(
    folder,
    { nLayers: 2, nHeads: 4, dHead: 16, context: 4096, vocab: 4096 },
    path.join(models, "code-4x8/tokenizer.json"),
  );
  return [...wanted, (await folderModel(nodeFiles, folder)).source];
}

export function threadedEngine({ root }: LoadPlace): Engine {
  const starter = nodeWorkerStarter(path.join(root, "dist/node/worker.js"), {
    runtimeFolder: path.join(root, "node_modules/onnxruntime-web/dist"),
  });
  return createEngine(starter, { threads: 1, byteBudget: 256e6 });
}

/** A text of about that many tokens (code-4x8 takes about 4 for a line); no two alike. */
export function textOf(nTokens: number, number: number): string {
  const lines = Array.from({ length: Math.ceil(nTokens / 8) }, (_, i) => `x${number} = f(${i}, y)\n`);
  return nTokens <= 2 ? `x${number}` : lines.join("");
}

/** Lengths from 1 to 2,000 tokens, small ones more often, the largest among the first. */
export function lengths(random: () => number, count: number): number[] {
  return Array.from({ length: count }, (_, i) =>
    i % 25 === 5 ? 2000 : Math.max(1, Math.round(2000 * random() ** 3)),
  );
}

export interface LoadReport {
  readonly shown: number;
  readonly superseded: number;
  readonly refused: number;
  /** Codes of failures that nothing explains. */
  readonly failures: readonly string[];
  /** Requests whose promise never settled. */
  readonly unanswered: number;
  /** Pictures that were not of the text that was asked for last. */
  readonly stale: number;
  /** Resident bytes of the process after so many inspections. */
  readonly memoryAfter: ReadonlyMap<number, number>;
  readonly seconds: number;
}

const ANSWER_MS = 120_000;

/** Inspections in a row in `nPanels` panels of one engine; a newer one supersedes the older at random. */
export async function runLoad(
  engine: Engine,
  models: readonly ModelSource[],
  options: {
    readonly count: number;
    readonly seed: number;
    readonly nPanels: number;
    /** After how many inspections memory is read, once the panels are closed and nothing was asked for `restMs`. */
    readonly memoryAt: readonly number[];
    readonly restMs?: number;
  },
): Promise<LoadReport> {
  const random = uniform(options.seed);
  const started = performance.now();
  const panels = Array.from({ length: options.nPanels }, () => new Inspection(engine));
  const sizes = lengths(random, options.count);
  const memoryAfter = new Map<number, number>();
  const failures: string[] = [];
  const counts = { shown: 0, superseded: 0, refused: 0, unanswered: 0, stale: 0 };
  const pending = new Map<number, Promise<unknown>>();
  for (let i = 0; i < options.count; i++) {
    const panel = panels[i % panels.length]!;
    const model = models[i % models.length]!;
    const text = textOf(sizes[i]!, i);
    const result = answered(panel.start({ model, text, ...(random() < 0.3 && { inWindows: true }) })).then(
      async (answer) => {
        pending.delete(i);
        if (answer === undefined) counts.unanswered++;
        else if (answer.outcome === "shown") {
          counts.shown++;
          if (!(await isPictureOf(panel, answer.run!, text))) counts.stale++;
        } else if (answer.outcome === "superseded" || answer.outcome === "cancelled") counts.superseded++;
        else if (answer.error?.code === "too-many-tokens") counts.refused++;
        else failures.push(answer.error?.code ?? "no code");
      },
    );
    pending.set(i, result);
    // Half of them are left to finish; the others are overtaken at once, or while they run.
    const chance = random();
    if (chance < 0.5) await result;
    else if (chance < 0.8) await new Promise((resolve) => setTimeout(resolve, random() * 150));
    if (options.memoryAt.includes(i + 1)) {
      await Promise.all(pending.values());
      panels.forEach((panel, at) => {
        panel.dispose();
        panels[at] = new Inspection(engine);
      });
      await new Promise((resolve) => setTimeout(resolve, options.restMs ?? 0));
      memoryAfter.set(i + 1, process.memoryUsage().rss);
    }
  }
  await Promise.all(pending.values());
  for (const panel of panels) panel.dispose();
  return { ...counts, failures, memoryAfter, seconds: (performance.now() - started) / 1000 };
}

/** Whether what the panel shows is the text that was asked for, and its first head's first rows are shares of attention. */
async function isPictureOf(panel: Inspection, run: RunSummary, text: string): Promise<boolean> {
  // Another inspection may have taken the panel since.
  if (panel.shown?.run.runId !== run.runId) return true;
  if (run.text !== text) return false;
  const block = run.blocks[0]!;
  const choice = { block: block.kind, layer: 0, head: 0 } as const;
  const rows = Math.min(64, run.tokens.length);
  const slice = await panel
    .read("matrix", {
      runId: run.runId,
      choice,
      measure: "weights",
      window: { queryStart: 0, queryEnd: 1, keyStart: 0, keyEnd: run.tokens.length },
    })
    .catch(() => undefined);
  if (!slice) return panel.shown?.run.runId !== run.runId;
  const sum = slice.data.reduce((a, b) => a + b, 0);
  return slice.data.length === run.tokens.length && Math.abs(sum - 1) < 0.02 * Math.max(1, rows / 8);
}

/** The answer, or nothing after a time in which every inspection ends; the timer keeps the process waiting for it. */
function answered<T>(promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ANSWER_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export interface KillReport {
  readonly kills: number;
  /** Killed while an inspection ran. */
  readonly hits: number;
  /** Not the one clear message, or the next inspection failed. */
  readonly wrong: readonly string[];
}

/** Ends the worker's thread from outside at random moments; the inspection says so, and the next one works. */
export async function runKills(
  engine: Engine,
  model: ModelSource,
  options: { count: number; seed: number },
): Promise<KillReport> {
  const random = uniform(options.seed);
  const workers = new Set<Worker>();
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (this: Worker, ...sent: Parameters<Worker["postMessage"]>) {
    workers.add(this);
    return post.apply(this, sent);
  };
  const wrong: string[] = [];
  let hits = 0;
  try {
    for (let i = 0; i < options.count; i++) {
      const text = textOf(30 + Math.round(random() * 250), i);
      const running = engine.inspect({ model, text }).then(
        () => "finished",
        (error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
      );
      await new Promise((resolve) => setTimeout(resolve, random() * 400));
      await Promise.all([...workers].map((worker) => worker.terminate()));
      workers.clear();
      const said = await answered(running);
      if (said?.startsWith("worker-died: The engine stopped unexpectedly")) hits++;
      else if (said !== "finished") wrong.push(`kill ${i}: ${said}`);
      const next = await answered(engine.inspect({ model, text: "x = 1" }).catch((error: Error) => error));
      if (!next || next instanceof Error) wrong.push(`after kill ${i}: ${next?.message ?? "no answer"}`);
    }
  } finally {
    Worker.prototype.postMessage = post;
  }
  return { kills: options.count, hits, wrong };
}
