import { badRequest, HeadlightError, unknownRun } from "../../core/errors";
import type { BlockKind, HeadAddress, HeadChoice, LayerOfRun, LayerTensor } from "../../core/run";
import { moved, type Local } from "../../protocol/channel";
import type {
  EngineContract,
  EngineEvents,
  EngineSettings,
  InspectRequest,
} from "../../protocol/engineContract";
import type { LensQuery, TokenPredictionQuery } from "../../protocol/generation";
import { compareChoices, likeHead, similarHeads } from "../../store/comparison";
import { keyHeads } from "../../store/keyHeads";
import { keepDistances, knownDistances, layerDistances } from "../../store/distances";
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
import { layersOf } from "../../store/heads";
import { matrixAsPooled, thumbnailsAtOnce } from "../../store/atOnce";
import { additionsSlice, projectionSlice } from "../../store/projection";
import { maskPicture } from "../../store/maskPicture";
import { stagesSlice } from "../../store/stages";
import { RunStore } from "../../store/runStore";
import type { StoredRun } from "../../store/storedRun";
import { configureRuntime, onGpuLost } from "../runtime";
import { packRun, unpackRun, buffersIn, type PackedRun } from "../../store/handOver";
import { answersAhead } from "./answersAhead";
import { chooseBackend } from "./backends";
import { announced } from "./bounded";
import { describeModel } from "./describeModel";
import { pageExporter } from "./exportPage";
import { inspect, type Stages } from "./inspect";
import { lensSlice, runLens, type LensOfRun } from "./lens";
import { WASM_BYTES } from "./limits";
import { logChoice, logRun } from "./log";
import { measureReader } from "./measures";
import { positionsOfRun } from "./modelPositions";
import { Models } from "./models";
import type { MemoryLimits } from "./plan";
import type { Platform } from "./platform";
import { mostLikely, tokenPredictions } from "./predictions";
import { probe } from "./probe";
import { Queue, checkpoint } from "./queue";
import { RestingRuns, reused } from "./restingRuns";
import { runReader } from "./runReader";
import { needsTokenizer } from "./text";
import { verify } from "./verify";

/** More threads than this gave nothing on the machines measured (two threads: at best 1.5 times one). */
const MOST_THREADS = 4;

/** Other questions are heard at least so often while stages are recomputed. */
const LONGEST_MS = 30;

/** What the runtime refused to open or to run. */
const runtimeFailures: ReadonlySet<string> = new Set(["model-refused", "run-failed", "out-of-memory"]);

/** The engine's methods as its worker, or a page without workers, offers them. */
export function createService(platform: Platform, emit: EngineEvents): Local<EngineContract> {
  const store = new RunStore(1e9);
  const models = new Models({ ...platform, bounded: announced(platform.bounded, emit) });
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
    if (platform.gpuLost) onGpuLost(platform.gpuLost);
    emit.log({ level: "info", message: `onnxruntime-web on WASM, ${nThreads} threads` });
    const choice = chooseBackend(backend, platform, noGpu);
    models.use(choice);
    void choice.then((chosen) => logChoice(chosen, emit));
  }

  const stages = (): Stages => {
    if (nThreads === 0) configure({ threads: 0, byteBudget: 1e9 });
    return { models, nThreads, progress: emit.progress, limits };
  };

  const requestOf = (run: StoredRun) => requests.get(run);

  /** Whether the model is on WASM from now on because this is WebGPU's failure. */
  async function isLeftToWasm({ model }: Pick<InspectRequest, "model">, error: unknown): Promise<boolean> {
    const isOfRuntime = error instanceof HeadlightError && runtimeFailures.has(error.code);
    return isOfRuntime && (await models.leaveGpu(model, error.message));
  }

  /** A run of which WebGPU cannot give a part is lost as a whole: all of the next one comes from WASM, with the reason. */
  async function failed(run: StoredRun, error: unknown): Promise<never> {
    const request = requests.get(run);
    if (!request || !(await isLeftToWasm(request, error))) throw error;
    store.release(run.summary.runId);
    throw unknownRun(run.summary.runId);
  }

  async function anywhere<T>(request: Pick<InspectRequest, "model">, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (await isLeftToWasm(request, error)) return run();
      throw error;
    }
  }

  const reader = runReader({ store, queue, stages, requestOf, failed });
  const { ready, readyWhole, withParts, byLayer } = reader;
  const readyMeasure = measureReader({ store, ...reader });

  type Place = Pick<HeadAddress, "block" | "layer">;
  const withProjection = (runId: string, only: Place, signal: AbortSignal) =>
    withParts(runId, behindHeads, { depth: "projection", only }, signal);
  const withAdditive = (runId: string, only: Place, signal: AbortSignal) =>
    withParts(runId, ({ additive = [] }) => additive, { depth: "all", only }, signal);

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

  /** A lens that is known does not wait for what is running. */
  async function lensOf(run: StoredRun, signal: AbortSignal): Promise<LensOfRun> {
    const read = lenses.get(run);
    if (read) return read;
    return queue.run(async () => {
      // Another call may have read it while this one waited.
      const known = lenses.get(run);
      if (known) return known;
      const request = requests.get(run);
      if (!request) throw unknownRun(run.summary.runId);
      const { progress } = stages();
      const lens = await runLens(run, request, models, progress, signal).catch((error: unknown) =>
        failed(run, error),
      );
      lenses.set(run, lens);
      return lens;
    }, signal);
  }

  const positions = (runId: string, signal: AbortSignal) =>
    queue.run(async () => {
      const run = store.get(runId);
      const request = requests.get(run);
      if (!request) throw unknownRun(runId);
      return positionsOfRun(run, await models.get(request.model, "weights"));
    }, signal);

  const predictedTokens = async ({ runId, ...query }: TokenPredictionQuery) => {
    const run = store.get(runId);
    const { summary, logits } = run;
    const ids = (summary.targetTokens ?? summary.tokens).map(({ id }) => id);
    return tokenPredictions(logits, ids, query, summary.model.name, await textsOf(run));
  };

  const logitLens = async ({ runId, ...query }: LensQuery, signal: AbortSignal) => {
    const run = store.get(runId);
    return lensSlice(await lensOf(run, signal), query, await textsOf(run));
  };

  const exportPage = pageExporter({
    ...reader,
    readyMeasure,
    positions,
    likely: async (run, position) =>
      mostLikely(run.logits, position, LIKELY_IN_PAGE, run.summary.model.name, await textsOf(run)),
    tokenPredictions: predictedTokens,
    logitLens,
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
        const run = known || (await anywhere(request, () => inspect(request, runId, stages(), signal)));
        requests.set(run, request);
        store.add(run);
        logRun(run, emit);
        void models.swelledBytes().then((bytes) => bytes && emit.swelled({ heapBytes: bytes }));
        return { ...run.summary, ...(request.ahead && { ahead: answersAhead(run, request.ahead) }) };
      }, signal),
    describe: ({ model, stamp }) => describeModel(parseSource(model), platform.files, stamp),
    verify: (request, { signal }) =>
      queue.run(async () => {
        parseSource(request.model);
        return anywhere(request, () => verify(request, stages(), signal));
      }, signal),
    probe: ({ model, pairs }, { signal }) =>
      queue.run(
        () => anywhere({ model }, () => probe({ model: parseSource(model), pairs }, stages(), signal)),
        signal,
      ),
    tokenize: ({ model, text }, { signal }) =>
      queue.run(async () => {
        const tokenizer = await models.tokenizer(parseSource(model));
        return needsTokenizer(tokenizer, model.name).encode(text, { signal });
      }, signal),
    handOver: (_, { signal }) =>
      queue.run(async () => {
        resting.clear();
        const runs = store.takeAll().map((run) => ({ run: packRun(run), request: requests.get(run)! }));
        return moved({ runs }, buffersIn(runs));
      }, signal),
    takeOver: ({ runs }) => {
      for (const { run, request } of runs) {
        const unpacked = unpackRun(run as PackedRun);
        requests.set(unpacked, request);
        store.add(unpacked);
      }
    },
    release: ({ runId }) => rest(runId),
    matrix: async (query, { signal }) => {
      const { runId, measure, choice } = query;
      const run = store.get(runId);
      const pooled = matrixAsPooled(run, query);
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
      if (measure === "weights") return thumbnailsAtOnce(store.get(runId), query);
      const every = [everyHead(block)];
      return thumbnails(await readyMeasure(runId, measure, every, signal, { eachLayer: true }), query);
    },
    statistics: async ({ runId, block, measure = "weights" }, { signal }) => {
      if (measure !== "weights") {
        return statistics(await readyMeasure(runId, measure, [everyHead(block)], signal), { block, measure });
      }
      const all = await byLayer(
        runId,
        block,
        signal,
        (run) => statistics(run, { block }),
        (run) => run.statistics.has(statisticsKey(block, "weights")),
      );
      store.get(runId).statistics.set(statisticsKey(block, measure), all);
      return all;
    },
    similarHeads: async ({ runId, address, measure = "weights" }, { signal }) => {
      const { block } = address;
      if (measure !== "weights") {
        return similarHeads(await readyMeasure(runId, measure, [everyHead(block)], signal), address, measure);
      }
      const run = await ready(runId, "weights", [{ ...address, head: "mean" }], signal);
      const like = likeHead(run, address);
      const all = await byLayer(runId, block, signal, ({ layers }) =>
        like(layers.filter((layer) => layer.block === block)),
      );
      return all.sort((a, b) => a.divergence - b.divergence);
    },
    keyHeads: ({ runId, block, key, count }) => keyHeads(store.get(runId), block, key, count),
    compare: async ({ runId, choice, other, size, measure = "weights" }, { signal }) => {
      await readyMeasure(runId, measure, [choice], signal);
      await readyMeasure(other.runId, measure, [other.choice], signal);
      const [ofA, ofB] = [
        withMasked(store.get(runId), choice),
        withMasked(store.get(other.runId), other.choice),
      ];
      const a = await readyWhole(runId, "weights", ofA, signal);
      const b = await readyWhole(other.runId, "weights", ofB, signal);
      // One run of two choices: the first may have made room for the second.
      if (a === b) await readyWhole(runId, "weights", [...ofA, ...ofB], signal);
      return compareChoices({ run: a, choice }, { run: b, choice: other.choice }, size, measure);
    },
    distances: async ({ runId, block }, { signal }) => {
      const run = store.get(runId);
      const known = knownDistances(run, block);
      if (known) return known;
      const layers = await byLayer(runId, block, signal, (each) => layerDistances(each, block));
      return keepDistances(run, block, layers);
    },
    positions: ({ runId }, { signal }) => positions(runId, signal),
    exportPage: (query, { signal }) => exportPage(query, signal),
    projection: async ({ runId, address, query }, { signal }) =>
      projectionSlice(await withProjection(runId, address, signal), address, query),
    additions: async ({ runId, block, layer }, { signal }) =>
      additionsSlice(await withProjection(runId, { block, layer }, signal), block, layer),
    stages: async ({ runId, address, ...most }, { signal }) => {
      for (const what of ["weights", "scores", "q"] as const) await ready(runId, what, [address], signal);
      const run = await withAdditive(runId, address, signal);
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
      additiveSlice(await withAdditive(runId, { block, layer }, signal), block, layer),
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
    tokenPredictions: predictedTokens,
    logitLens: (query, { signal }) => logitLens(query, signal),
  };
}

/** Likely tokens for each position of an exported page. */
const LIKELY_IN_PAGE = 10;

/** What a layer's projection is recomputed from. */
function behindHeads({ projection, has }: LayerOfRun): LayerTensor[] {
  const parts = projection?.has ?? [];
  return parts.length > 0 && has.includes("output") ? [...parts, "output"] : [...parts];
}

/** With the head by whose layer's mask a choice is shown: the first layer's, where it covers all. */
function withMasked(run: StoredRun, choice: HeadChoice): HeadChoice[] {
  const [first] = layersOf(run, choice.block);
  if (choice.layer !== "all" || !first) return [choice];
  return [choice, { block: choice.block, layer: first.info.layer, head: 0 }];
}

function everyHead(block: BlockKind): HeadChoice {
  return { block, layer: "all", head: "mean" };
}

/** A model source is checked where it enters: its fields decide which files are read. */
function parseSource<T extends { id: string; name: string; graph: string }>(source: T): T {
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  if (typeof source !== "object" || source === null) throw badRequest("it names no model");
  if (![source.id, source.name, source.graph].every(isText))
    throw badRequest("its model lacks id, name or graph");
  return source;
}
