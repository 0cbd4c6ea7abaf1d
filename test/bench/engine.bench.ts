import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Engine } from "../../src/engine/engine";
import { createEngine } from "../../src/engine/handle";
import { inlineStarter } from "../../src/engine/inline";
import { configureRuntime, openSession, type RuntimeTensor } from "../../src/engine/runtime";
import { makeFeeds } from "../../src/engine/worker/feeds";
import { createService } from "../../src/engine/worker/service";
import { embeddedModels } from "../../src/model/embedded";
import { folderModel } from "../../src/model/folder";
import { nodeFiles } from "../../src/node/files";
import { nodePlatform } from "../../src/node/platform";
import { instrument } from "../../src/onnx/instrument";
import type { InstrumentedModel } from "../../src/onnx/instrumented";
import type { ModelSource } from "../../src/protocol/engineContract";
import { writeGeneratedModel } from "../support/generatedModel";
import type { BenchRow } from "./tokenizer.bench";

const root = path.join(import.meta.dirname, "../..");
const runtimeFolder = path.join(root, "node_modules/onnxruntime-web/dist");
const N_PAIRS = 9;
const SIZES = [128, 512];
/** What no embedded model reads: with a model of the same size with random weights, made here. */
const LONG = 1024;

/**
 * What capturing costs and what opening costs, on the default embedded model with one thread; ratios of pairs that
 * alternate in one process, medians, in processor time.
 */
export async function run(): Promise<BenchRow[]> {
  const platform = nodePlatform(runtimeFolder);
  configureRuntime(platform.runtime, 1);
  const [entry] = await embeddedModels(nodeFiles, path.join(root, "media/models"));
  if (!entry) throw new Error("No embedded model to measure");
  const scratch = await mkdtemp(path.join(tmpdir(), "headlight-engine-"));
  try {
    const folder = path.join(scratch, "generated-4x8");
    await writeGeneratedModel(folder, { nLayers: 4, nHeads: 8, dHead: 32, context: LONG, vocab: 4096 });
    const { source: long } = await folderModel(nodeFiles, folder);
    return [
      ...(await captureRows(entry.source, SIZES)),
      ...(await captureRows({ ...long, id: "generated 4 x 8" }, [LONG])),
      ...(await openingRows(entry.source)),
    ];
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** A forward pass that hands over every layer's weights, over the plain model's. */
async function captureRows({ id, graph }: ModelSource, sizes: readonly number[]): Promise<BenchRow[]> {
  const instrumented = await instrumentedModel(graph, ["weights"]);
  const everything = await instrumentedModel(graph, ["weights", "scores", "q", "k", "v", "output"]);
  const plain = await openSession(await nodeFiles.readAll(graph));
  const capturing = await openSession(instrumented.bytes);
  const capturingAll = await openSession(everything.bytes);
  const rows: BenchRow[] = [];
  const outputs = instrumented.outputs.slice(0, 1).map(({ name }) => name);
  const names = (model: InstrumentedModel) => [
    ...new Set([...outputs, ...model.captured.map(({ name }) => name)]),
  ];
  for (const nTokens of sizes) {
    const feeds = feedsOf(instrumented, nTokens);
    const [plainMs, weights] = await pairs(
      () => plain.run(feeds, outputs),
      () => capturing.run(feeds, names(instrumented)),
    );
    const [, all] = await pairs(
      () => plain.run(feeds, outputs),
      () => capturingAll.run(feeds, names(everything)),
    );
    rows.push(
      { name: `${id}, ${nTokens} tokens: plain forward pass`, value: plainMs, unit: "ms of processor time" },
      {
        name: `${id}, ${nTokens} tokens: all weights captured, over plain`,
        value: weights,
        unit: "x",
        aim: nTokens === LONG ? 1.15 : 1.05,
      },
      {
        name: `${id}, ${nTokens} tokens: weights, scores, q, k, v and outputs captured, over plain`,
        value: all,
        unit: "x",
      },
    );
  }
  for (const session of [plain, capturing, capturingAll]) await session.release();
  return rows;
}

/** Reading, instrumenting, opening and a first inspection of 64 tokens, over a bare session doing the same with ids in hand. */
async function openingRows(source: ModelSource): Promise<BenchRow[]> {
  const { inputs } = await instrumentedModel(source.graph, []);
  const ids = idsOf(64);
  const feeds = feedsOf({ inputs }, 64);
  const [bareMs, ratio] = await pairs(
    async () => {
      const session = await openSession(new Uint8Array(await readFile(source.graph)));
      await session.run(feeds, ["logits"]);
      await session.release();
    },
    async () => {
      const engine = freshEngine();
      await engine.inspect({ model: source, ids });
    },
  );
  return [
    { name: `${source.id}: bare session, opened and run once`, value: bareMs, unit: "ms of processor time" },
    {
      name: `${source.id}: load and first inspection, over the bare session`,
      value: ratio,
      unit: "x",
      aim: 1.5,
    },
  ];
}

function freshEngine(): Engine {
  const platform = nodePlatform(runtimeFolder);
  return createEngine(
    inlineStarter((emit) => createService(platform, emit)),
    { threads: 1, byteBudget: 1e9 },
  );
}

async function instrumentedModel(
  graph: string,
  capture: Parameters<typeof instrument>[1]["capture"],
): Promise<InstrumentedModel> {
  const reader = await nodeFiles.open(graph);
  try {
    return await instrument(reader, { capture, backend: "wasm" });
  } finally {
    await reader.close();
  }
}

function feedsOf(
  { inputs }: Pick<InstrumentedModel, "inputs">,
  nTokens: number,
): Record<string, RuntimeTensor> {
  return makeFeeds(inputs, { modelName: "bench", ids: idsOf(nTokens), padId: 0 });
}

/** Ids all over the vocabulary; which ones does not matter to the time. */
function idsOf(nTokens: number): number[] {
  return Array.from({ length: nTokens }, (_, i) => (i * 37) % 4000);
}

/** Median processor milliseconds of the first, and the median of second over first, after one pair to warm up. */
async function pairs(
  first: () => Promise<unknown>,
  second: () => Promise<unknown>,
): Promise<[number, number]> {
  const times: number[] = [];
  const ratios: number[] = [];
  for (let i = -1; i < N_PAIRS; i++) {
    // Which goes first alternates, so that neither profits from the other's caches.
    const [a, b] = i % 2 === 0 ? [first, second] : [second, first];
    const one = await timed(a);
    const other = await timed(b);
    const [firstMs, secondMs] = i % 2 === 0 ? [one, other] : [other, one];
    if (i < 0) continue;
    times.push(firstMs);
    ratios.push(secondMs / firstMs);
  }
  return [median(times), median(ratios)];
}

/** Milliseconds of processor time, of all threads: on a busy machine wall time measures the others. */
async function timed(task: () => Promise<unknown>): Promise<number> {
  const started = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
