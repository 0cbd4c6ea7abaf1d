import { HeadlightError, badRequest, unknownRun } from "../../core/errors";
import type { BlockKind, HeadVectors, LayerOfRun, LayerTensor, Measure } from "../../core/run";
import type { Local } from "../../protocol/channel";
import type { AheadAnswer, AheadQuestion } from "../../protocol/ahead";
import type {
  EngineContract,
  EngineEvents,
  EngineSettings,
  InspectRequest,
} from "../../protocol/engineContract";
import { compareChoices, similarHeads } from "../../store/comparison";
import { distanceSlice } from "../../store/distances";
import {
  headVectorSlice,
  marginalSlice,
  maskSlice,
  matrixSlice,
  meanRowSlice,
  statistics,
  thumbnails,
  vectorSlices,
} from "../../store/slices";
import { layerOf } from "../../store/heads";
import { additiveSlice } from "../../store/additive";
import { additionsSlice, projectionSlice } from "../../store/projection";
import { RunStore } from "../../store/runStore";
import type { StoredRun } from "../../store/storedRun";
import { configureRuntime } from "../runtime";
import { describeModel } from "./describeModel";
import { deepen, inspect, type Stages } from "./inspect";
import { lensSlice, runLens, type LensOfRun } from "./lens";
import { modelPositions } from "./modelPositions";
import type { Depth } from "./openModel";
import { Models } from "./models";
import type { Platform } from "./platform";
import { mostLikely, tokenPredictions } from "./predictions";
import { Queue } from "./queue";
import { needsTokenizer } from "./text";
import { verify } from "./verify";

/** More threads than this gave nothing on the machines measured (two threads: at best 1.5 times one). */
const MOST_THREADS = 4;

/** The engine's methods as its worker, or a page without workers, offers them. */
export function createService(platform: Platform, emit: EngineEvents): Local<EngineContract> {
  const store = new RunStore(1e9);
  const models = new Models(platform);
  const queue = new Queue();
  const requests = new WeakMap<StoredRun, InspectRequest>();
  const lenses = new WeakMap<StoredRun, LensOfRun>();
  /** A worker's runs never share an id with those of the worker before it. */
  const prefix = Date.now().toString(36);
  let nRuns = 0;
  let nThreads = 0;

  function configure({ threads, byteBudget }: EngineSettings): void {
    store.setBudget(byteBudget);
    // The runtime takes its number of threads once; the host starts a new worker for another number.
    if (nThreads > 0) return;
    nThreads = threads > 0 ? threads : Math.min(platform.nCores, MOST_THREADS);
    configureRuntime(platform.runtime, nThreads);
    emit.log({ level: "info", message: `onnxruntime-web on WASM, ${nThreads} threads` });
  }

  const stages = (): Stages => {
    if (nThreads === 0) configure({ threads: 0, byteBudget: 1e9 });
    return { models, nThreads, progress: emit.progress };
  };

  /** The run with this tensor, by running again where it was not captured. */
  async function withTensors(
    runId: string,
    what: Measure | HeadVectors,
    signal: AbortSignal,
  ): Promise<StoredRun> {
    const run = store.get(runId);
    const lacks = () => run.layers.some(({ info, tensors }) => info.has.includes(what) && !tensors.has(what));
    const request = requests.get(run);
    if (!request || !lacks()) return run;
    await queue.run(async () => {
      // Another call may have brought it while this one waited.
      if (!lacks()) return;
      // Vectors are small beside matrices and are looked at together.
      const wanted: readonly (Measure | HeadVectors)[] =
        what === "scores" ? [what] : ["q", "k", "v", "output"];
      await deepen(run, request, new Set(wanted), stages(), signal);
      store.evict();
    }, signal);
    return run;
  }

  /** The run with these parts of a layer, by running again where they were not captured. */
  async function withParts(
    runId: string,
    layerOfRun: { block: BlockKind; layer: number },
    wanted: (info: LayerOfRun) => readonly LayerTensor[],
    depth: Depth,
    signal: AbortSignal,
  ): Promise<StoredRun> {
    const run = store.get(runId);
    const layer = layerOf(run, layerOfRun.block, layerOfRun.layer);
    const parts = wanted(layer.info);
    const lacks = () => parts.some((part) => !layer.tensors.has(part));
    const request = requests.get(run);
    if (!request || !lacks()) return run;
    await queue.run(async () => {
      if (!lacks()) return;
      await deepen(run, request, new Set(parts), stages(), signal, { depth, only: layer });
      store.evict();
    }, signal);
    return run;
  }
  const behindHeads = ({ projection, has }: LayerOfRun): LayerTensor[] => [
    ...(projection?.has ?? []),
    ...(projection?.has.length && has.includes("output") ? (["output"] as const) : []),
  ];
  const additiveTerms = ({ additive = [] }: LayerOfRun) => additive;

  /** How a run's model shows an id. */
  async function textsOf(run: StoredRun): Promise<(id: number) => string> {
    const request = requests.get(run);
    const tokenizer = request && (await models.tokenizer(request.model));
    return (id) => tokenizer?.decodeOne(id) ?? `#${id}`;
  }

  async function lensOf(run: StoredRun, signal: AbortSignal): Promise<LensOfRun> {
    return queue.run(async () => {
      const known = lenses.get(run);
      if (known) return known;
      const request = requests.get(run);
      if (!request) throw unknownRun(run.summary.runId);
      const { progress } = stages();
      const lens = await runLens(run, request, models, progress, signal);
      lenses.set(run, lens);
      return lens;
    }, signal);
  }

  return {
    configure,
    load: ({ model }, { signal }) =>
      queue.run(async () => {
        const { progress } = stages();
        progress({ stage: "load" });
        const { summary, notices } = await models.get(parseSource(model), "weights");
        return { model: summary, notices };
      }, signal),
    inspect: (request, { signal }) =>
      queue.run(async () => {
        parseSource(request.model);
        const run = await inspect(request, `${prefix}-${++nRuns}`, stages(), signal);
        requests.set(run, request);
        store.add(run);
        logRun(run, emit);
        return { ...run.summary, ...(request.ahead && { ahead: answersAhead(run, request.ahead) }) };
      }, signal),
    describe: ({ model, stamp }) => describeModel(parseSource(model), platform.files, stamp),
    verify: (request, { signal }) =>
      queue.run(async () => {
        parseSource(request.model);
        return verify(request, stages(), signal);
      }, signal),
    tokenize: ({ model, text }, { signal }) =>
      queue.run(async () => {
        const tokenizer = await models.tokenizer(parseSource(model));
        return needsTokenizer(tokenizer, model.name).encode(text, { signal });
      }, signal),
    release: ({ runId }) => store.release(runId),
    matrix: async (query, { signal }) =>
      matrixSlice(await withTensors(query.runId, query.measure, signal), query),
    marginals: async (query, { signal }) =>
      marginalSlice(await withTensors(query.runId, query.measure, signal), query),
    meanRow: async (query, { signal }) =>
      meanRowSlice(await withTensors(query.runId, query.measure, signal), query),
    vectors: async (query, { signal }) =>
      vectorSlices(await withTensors(query.runId, query.measure, signal), query),
    thumbnails: (query) => thumbnails(store.get(query.runId), query),
    statistics: ({ runId, block }) => statistics(store.get(runId), block),
    similarHeads: ({ runId, address }) => similarHeads(store.get(runId), address),
    compare: ({ runId, choice, other, size }) =>
      compareChoices(
        { run: store.get(runId), choice },
        { run: store.get(other.runId), choice: other.choice },
        size,
      ),
    distances: ({ runId, block }) => distanceSlice(store.get(runId), block),
    positions: ({ runId }, { signal }) =>
      queue.run(async () => {
        const run = store.get(runId);
        const request = requests.get(run);
        if (!request) throw unknownRun(runId);
        const model = await models.get(request.model, "weights");
        const { report, config } = model;
        const { first, decoder } = await model.parts("weights");
        const bucketTables = [first, decoder].flatMap((part) => part?.graph.bucketTables ?? []);
        const graph = { ...first.graph, bucketTables };
        const nHeads = run.layers[0]?.info.nHeads ?? 0;
        const dHead = run.layers[0]?.tensors.get("q")?.dims[2] ?? report.blocks[0]?.layers[0]?.dHead;
        return modelPositions(report.positions, config, { nHeads, dHead: dHead ?? config.dHead }, graph);
      }, signal),
    projection: async ({ runId, address, query }, { signal }) =>
      projectionSlice(await withParts(runId, address, behindHeads, "projection", signal), address, query),
    additions: async ({ runId, block, layer }, { signal }) =>
      additionsSlice(
        await withParts(runId, { block, layer }, behindHeads, "projection", signal),
        block,
        layer,
      ),
    additive: async ({ runId, block, layer }, { signal }) =>
      additiveSlice(await withParts(runId, { block, layer }, additiveTerms, "all", signal), block, layer),
    mask: ({ runId, block, layer }) => maskSlice(store.get(runId), block, layer),
    headVectors: async ({ runId, address, which }, { signal }) =>
      headVectorSlice(await withTensors(runId, which, signal), address, which),
    predictions: async ({ runId, position, count }) => {
      const run = store.get(runId);
      return mostLikely(run.logits, position, count, run.summary.model.name, await textsOf(run));
    },
    tokenPredictions: async ({ runId, ...query }) => {
      const run = store.get(runId);
      const { summary, logits } = run;
      const ids = (summary.targetTokens ?? summary.tokens).map(({ id }) => id);
      return tokenPredictions(logits, ids, query, summary.model.name, await textsOf(run));
    },
    logitLens: async ({ runId, ...query }, { signal }) => {
      const run = store.get(runId);
      return lensSlice(await lensOf(run, signal), query, await textsOf(run));
    },
  };
}

/** Bytes of answers that go with a summary: a message is at most 1 MB. */
const MOST_AHEAD_BYTES = 700_000;

/** Questions about the run before may not fit this one: what cannot be answered will be asked again, or not at all. */
function answersAhead(run: StoredRun, questions: readonly AheadQuestion[]): AheadAnswer[] {
  const answers: AheadAnswer[] = [];
  let bytes = 0;
  for (const question of questions) {
    const answer = answerAhead(run, question);
    bytes += answer?.value.data.byteLength ?? 0;
    if (bytes > MOST_AHEAD_BYTES) break;
    if (answer) answers.push(answer);
  }
  return answers;
}

function answerAhead(run: StoredRun, question: AheadQuestion): AheadAnswer | undefined {
  const { runId } = run.summary;
  try {
    if (question.method === "thumbnails") {
      const query = { ...question.query, runId };
      return { method: "thumbnails", query, value: thumbnails(run, query) };
    }
    const query = { ...question.query, runId };
    return { method: "matrix", query, value: matrixSlice(run, query) };
  } catch (error) {
    if (error instanceof HeadlightError) return undefined;
    throw error;
  }
}

function logRun({ summary }: StoredRun, emit: EngineEvents): void {
  const { loadMs, tokenizeMs, runMs, totalMs } = summary.durations;
  const ms = (value: number) => `${Math.round(value)} ms`;
  emit.log({
    level: "info",
    message: `${summary.model.name}: ${summary.tokens.length} tokens in ${ms(totalMs)} (load ${ms(loadMs)}, tokenize ${ms(tokenizeMs)}, run ${ms(runMs)})`,
  });
  for (const { code, message } of summary.notices)
    emit.log({ level: "warn", message: `${code}: ${message}` });
}

/** A model source is checked where it enters: its fields decide which files are read. */
function parseSource<T extends { id: string; name: string; graph: string }>(source: T): T {
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  if (typeof source !== "object" || source === null) throw badRequest("it names no model");
  if (![source.id, source.name, source.graph].every(isText))
    throw badRequest("its model lacks id, name or graph");
  return source;
}
