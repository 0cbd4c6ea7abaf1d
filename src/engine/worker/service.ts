import { HeadlightError, badRequest, unknownRun } from "../../core/errors";
import type { BlockKind, HeadChoice, HeadVectors, LayerOfRun, LayerTensor, Measure } from "../../core/run";
import type { Local } from "../../protocol/channel";
import type { AheadAnswer, AheadQuestion } from "../../protocol/ahead";
import type {
  EngineContract,
  EngineEvents,
  EngineSettings,
  InspectRequest,
} from "../../protocol/engineContract";
import type { MatrixQuery, MatrixSlice, ThumbnailQuery, Thumbnails } from "../../protocol/slices";
import { compareChoices, similarHeads } from "../../store/comparison";
import { keyHeads } from "../../store/keyHeads";
import { distanceSlice } from "../../store/distances";
import {
  headVectorSlice,
  marginalSlice,
  maskSlice,
  matrixSlice,
  meanRowSlice,
  statistics,
  statisticsKey,
  thumbnails,
  vectorSlices,
} from "../../store/slices";
import { additiveSlice } from "../../store/additive";
import { layerOf, layersOf } from "../../store/heads";
import { pooledMatrix, pooledThumbnails } from "../../store/pooledSlices";
import { additionsSlice, projectionSlice } from "../../store/projection";
import { maskPicture } from "../../store/maskPicture";
import { stagesSlice } from "../../store/stages";
import { RunStore } from "../../store/runStore";
import { storedRun, type StoredRun } from "../../store/storedRun";
import { configureRuntime } from "../runtime";
import { chooseBackend, type BackendChoice } from "./backends";
import { describeModel } from "./describeModel";
import { pageExporter } from "./exportPage";
import { deepen, inspect, type Stages } from "./inspect";
import { lensSlice, runLens, type LensOfRun } from "./lens";
import { WASM_BYTES } from "./limits";
import { measureReader } from "./measures";
import { modelPositions } from "./modelPositions";
import type { Depth } from "./openModel";
import { Models } from "./models";
import { bring, isReduced, lackedBy } from "./onDemand";
import type { MemoryLimits } from "./plan";
import type { Platform } from "./platform";
import { mostLikely, tokenPredictions } from "./predictions";
import { probe } from "./probe";
import { Queue, checkpoint } from "./queue";
import { RestingRuns, reused } from "./restingRuns";
import { needsTokenizer } from "./text";
import { verify } from "./verify";

/** More threads than this gave nothing on the machines measured (two threads: at best 1.5 times one). */
const MOST_THREADS = 4;

/** Other questions are heard at least so often while stages are recomputed. */
const LONGEST_MS = 30;

/** The engine's methods as its worker, or a page without workers, offers them. */
export function createService(platform: Platform, emit: EngineEvents): Local<EngineContract> {
  const store = new RunStore(1e9);
  const models = new Models(platform);
  const queue = new Queue();
  const resting = new RestingRuns();
  const requests = new WeakMap<StoredRun, InspectRequest>();
  const lenses = new WeakMap<StoredRun, LensOfRun>();
  /** A worker's runs never share an id with those of the worker before it. */
  const prefix = Date.now().toString(36);
  // The other half is for what is kept outside the runtime's heap, for VS Code and for everything else.
  const heapBytes = Math.min(WASM_BYTES, (platform.memoryBytes ?? Infinity) / 2);
  let limits: MemoryLimits = { heapBytes, byteBudget: 1e9 };
  let nRuns = 0;
  let nThreads = 0;

  function configure({ threads, byteBudget, backend = "wasm", noGpu }: EngineSettings): void {
    store.setBudget(byteBudget);
    limits = { heapBytes, byteBudget };
    // The runtime takes its number of threads once; the host starts a new worker for another number.
    if (nThreads > 0) return;
    nThreads = threads > 0 ? threads : Math.min(platform.nCores, MOST_THREADS);
    configureRuntime(platform.runtime, nThreads);
    emit.log({ level: "info", message: `onnxruntime-web on WASM, ${nThreads} threads` });
    const choice = chooseBackend(backend, platform, noGpu);
    models.use(choice);
    void choice.then((chosen) => logChoice(chosen, emit));
  }

  const stages = (): Stages => {
    if (nThreads === 0) configure({ threads: 0, byteBudget: 1e9 });
    return { models, nThreads, progress: emit.progress, limits };
  };

  /** The run with what a slice of these choices reads, by running again where it is not there. */
  async function ready(
    runId: string,
    what: Measure | HeadVectors,
    choices: readonly HeadChoice[],
    signal: AbortSignal,
  ): Promise<StoredRun> {
    const run = store.get(runId);
    if (!isReduced(run)) return withTensors(runId, what, signal);
    const request = requests.get(run);
    const lacks = () => lackedBy(run, what, choices, limits.byteBudget);
    if (!request || lacks().length === 0) return run;
    await queue.run(async () => {
      const wishes = lacks();
      if (wishes.length > 0) await bring(run, request, wishes, stages(), signal);
      store.evict();
    }, signal);
    return run;
  }

  const readyMeasure = measureReader({
    store,
    queue,
    stages,
    ready,
    requestOf: (run) => requests.get(run),
  });

  /** What a function says of all heads of a block, from one layer after the other where not all are kept. */
  async function byLayer<T>(
    runId: string,
    block: BlockKind,
    signal: AbortSignal,
    read: (run: StoredRun) => T[],
  ): Promise<T[]> {
    const run = store.get(runId);
    if (run.summary.kept?.form !== "on-demand" || run.statistics.has(statisticsKey(block, "weights")))
      return read(run);
    const all: T[] = [];
    for (const layer of layersOf(run, block)) {
      await ready(runId, "weights", [{ block, layer: layer.info.layer, head: "mean" }], signal);
      all.push(...read(storedRun(run.summary, [layer])));
    }
    return all;
  }

  /** The run with this tensor of all layers, by running again where it was not captured. */
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

  /** The tensors of a run of the same request, shown or released, under a name of their own. */
  function earlierRun(request: InspectRequest, runId: string): StoredRun | undefined {
    const startedMs = performance.now();
    const key = RestingRuns.keyOf(request);
    const keyOf = (run: StoredRun) => RestingRuns.keyOf(requests.get(run) ?? request, run);
    const known = key && (store.find((run) => keyOf(run) === key) ?? resting.take(key));
    return known ? reused(known, runId, performance.now() - startedMs) : undefined;
  }

  /** Releases a run; what others of the same tensors still show need not rest. */
  function rest(runId: string): void {
    const run = store.find(({ summary }) => summary.runId === runId);
    if (!run) return;
    store.release(runId);
    const request = requests.get(run);
    const key = request && RestingRuns.keyOf(request, run);
    if (key && !store.find(({ layers }) => layers === run.layers)) resting.rest(key, run);
  }

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

  const positions = (runId: string, signal: AbortSignal) =>
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
    }, signal);

  const exportPage = pageExporter({
    ready,
    readyMeasure,
    positions,
    likely: async (run, position) =>
      mostLikely(run.logits, position, LIKELY_IN_PAGE, run.summary.model.name, await textsOf(run)),
  });

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
        const runId = `${prefix}-${++nRuns}`;
        const known = request.mayReuse && earlierRun(request, runId);
        const run = known || (await inspect(request, runId, stages(), signal));
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
    probe: ({ model }, { signal }) =>
      queue.run(() => probe({ model: parseSource(model) }, stages(), signal), signal),
    tokenize: ({ model, text }, { signal }) =>
      queue.run(async () => {
        const tokenizer = await models.tokenizer(parseSource(model));
        return needsTokenizer(tokenizer, model.name).encode(text, { signal });
      }, signal),
    release: ({ runId }) => rest(runId),
    matrix: async (query, { signal }) => {
      const { runId, measure, choice } = query;
      const run = store.get(runId);
      const pooled = pooledWhereLacking(run, query);
      return pooled ?? matrixSlice(await readyMeasure(runId, measure, [choice], signal), query);
    },
    marginals: async (query, { signal }) =>
      marginalSlice(await readyMeasure(query.runId, query.measure, [query.choice], signal), query),
    meanRow: async (query, { signal }) =>
      meanRowSlice(await readyMeasure(query.runId, query.measure, [query.choice], signal), query),
    vectors: async (query, { signal }) => {
      const { runId, measure, choices, axis, index } = query;
      const line = { axis, index };
      return vectorSlices(await readyMeasure(runId, measure, choices, signal, { line }), query);
    },
    thumbnails: async (query, { signal }) => {
      const { runId, block, measure = "weights" } = query;
      if (measure === "weights") return thumbnailsOf(store.get(runId), query);
      const every = [everyHead(block)];
      return thumbnails(await readyMeasure(runId, measure, every, signal, { eachLayer: true }), query);
    },
    statistics: async ({ runId, block, measure = "weights" }, { signal }) => {
      if (measure !== "weights") {
        return statistics(await readyMeasure(runId, measure, [everyHead(block)], signal), { block, measure });
      }
      const all = await byLayer(runId, block, signal, (run) => statistics(run, { block }));
      store.get(runId).statistics.set(statisticsKey(block, measure), all);
      return all;
    },
    similarHeads: async ({ runId, address }, { signal }) =>
      similarHeads(await ready(runId, "weights", [everyHead(address.block)], signal), address),
    keyHeads: ({ runId, block, key, count }) => keyHeads(store.get(runId), block, key, count),
    compare: async ({ runId, choice, other, size, measure = "weights" }, { signal }) => {
      await readyMeasure(runId, measure, [choice], signal);
      await readyMeasure(other.runId, measure, [other.choice], signal);
      const a = await ready(runId, "weights", [choice], signal);
      const b = await ready(other.runId, "weights", [other.choice], signal);
      // One run of two choices: the first may have made room for the second.
      if (a === b) await ready(runId, "weights", [choice, other.choice], signal);
      return compareChoices({ run: a, choice }, { run: b, choice: other.choice }, size, measure);
    },
    distances: async ({ runId, block }, { signal }) =>
      distanceSlice(await ready(runId, "weights", [everyHead(block)], signal), block),
    positions: ({ runId }, { signal }) => positions(runId, signal),
    exportPage: (query, { signal }) => exportPage(query, signal),
    projection: async ({ runId, address, query }, { signal }) =>
      projectionSlice(await withParts(runId, address, behindHeads, "projection", signal), address, query),
    additions: async ({ runId, block, layer }, { signal }) =>
      additionsSlice(
        await withParts(runId, { block, layer }, behindHeads, "projection", signal),
        block,
        layer,
      ),
    stages: async ({ runId, address, ...most }, { signal }) => {
      await withTensors(runId, "scores", signal);
      await withTensors(runId, "q", signal);
      const run = await withParts(runId, address, additiveTerms, "all", signal);
      const steps = stagesSlice(run, address, most);
      for (let since = performance.now(); ;) {
        const next = steps.next();
        if (next.done) return next.value;
        if (performance.now() - since < LONGEST_MS) continue;
        await checkpoint(signal);
        since = performance.now();
      }
    },
    maskPicture: ({ runId, block, layer, ...most }) => maskPicture(store.get(runId), block, layer, most),
    additive: async ({ runId, block, layer }, { signal }) =>
      additiveSlice(await withParts(runId, { block, layer }, additiveTerms, "all", signal), block, layer),
    mask: async ({ runId, ...query }, { signal }) =>
      maskSlice(
        await ready(runId, "weights", [{ block: query.block, layer: query.layer, head: 0 }], signal),
        query,
      ),
    headVectors: async ({ runId, address, which }, { signal }) =>
      headVectorSlice(await ready(runId, which, [address], signal), address, which),
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

/** Likely tokens for each position of an exported page. */
const LIKELY_IN_PAGE = 10;

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
  const { measure = "weights" } = question.query;
  // What has to be captured or computed first is not waited for.
  if (measure !== "weights" && measure !== "scores") return undefined;
  try {
    if (question.method === "thumbnails") {
      const query = { ...question.query, runId };
      return { method: "thumbnails", query, value: thumbnailsOf(run, query) };
    }
    const query = { ...question.query, runId };
    return { method: "matrix", query, value: pooledWhereLacking(run, query) ?? matrixSlice(run, query) };
  } catch (error) {
    if (error instanceof HeadlightError) return undefined;
    throw error;
  }
}

function pooledWhereLacking(run: StoredRun, query: MatrixQuery): MatrixSlice | undefined {
  return run.summary.kept?.form === "on-demand" ? pooledMatrix(run, query) : undefined;
}

function thumbnailsOf(run: StoredRun, query: ThumbnailQuery): Thumbnails {
  const pooled = run.summary.kept?.form === "on-demand" ? pooledThumbnails(run, query) : undefined;
  return pooled ?? thumbnails(run, query);
}

function everyHead(block: BlockKind): HeadChoice {
  return { block, layer: "all", head: "mean" };
}

function logChoice(choice: BackendChoice, emit: EngineEvents): void {
  if (choice.name === "webgpu") {
    emit.log({
      level: "info",
      message: `WebGPU on ${choice.adapter}, for models that agree with WASM there`,
    });
  } else if (choice.fallback) {
    const { code, detail } = choice.fallback;
    emit.log({
      level: "warn",
      message: `WASM in place of WebGPU: ${[code, detail].filter(Boolean).join(", ")}`,
    });
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
