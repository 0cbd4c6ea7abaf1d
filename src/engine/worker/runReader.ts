import type {
  BlockKind,
  HeadAddress,
  HeadChoice,
  HeadVectors,
  LayerOfRun,
  LayerTensor,
  Measure,
} from "../../core/run";
import type { InspectRequest } from "../../protocol/engineContract";
import { Accumulation } from "../../store/accumulated";
import { combinedKey, layerOf, layersOf, tensorOf } from "../../store/heads";
import type { RunStore } from "../../store/runStore";
import { storedRun, type StoredLayer, type StoredRun } from "../../store/storedRun";
import { deepen, type Stages } from "./inspect";
import { bring, isReduced, lackedBy } from "./onDemand";
import type { Depth } from "./openModel";
import type { Queue } from "./queue";

/** What reading needs of the worker. */
interface Parts {
  readonly store: RunStore;
  readonly queue: Queue;
  stages(): Stages;
  requestOf(run: StoredRun): InspectRequest | undefined;
  /** Throws the failure, or unknownRun where the run is to be computed again elsewhere. */
  failed(run: StoredRun, error: unknown): Promise<never>;
}

/** The run with what a slice of these choices reads, by running again where it is not there. */
export type Ready = (
  runId: string,
  what: Measure | HeadVectors,
  choices: readonly HeadChoice[],
  signal: AbortSignal,
) => Promise<StoredRun>;

/** The run with these tensors, of one layer where it is named; `depth` is how far the model has to be opened for them. */
export type WithParts = (
  runId: string,
  parts: (info: LayerOfRun) => readonly LayerTensor[],
  of: { readonly depth: Depth; readonly only?: Pick<HeadAddress, "block" | "layer"> },
  signal: AbortSignal,
) => Promise<StoredRun>;

export interface RunReader {
  readonly ready: Ready;
  /** As `ready`; what covers all layers of a run that cannot keep them is read from one layer after the other. */
  readonly readyWhole: Ready;
  readonly withParts: WithParts;
  /** What a function says of all heads of a block, from one layer after the other where not all are kept. */
  byLayer<T>(
    runId: string,
    block: BlockKind,
    signal: AbortSignal,
    read: (run: StoredRun) => T[],
    isKnown?: (run: StoredRun) => boolean,
  ): Promise<T[]>;
}

/** Vectors are small beside matrices and are looked at together. */
const VECTORS: readonly HeadVectors[] = ["q", "k", "v", "output"];

/** Runs with what is asked of them: what was not captured, or not kept, is brought by running their requests again. */
export function runReader({ store, queue, stages, requestOf, failed }: Parts): RunReader {
  /** Brings what a run lacks, behind what is running; another call may have brought it meanwhile. */
  async function runAgain<T>(
    runId: string,
    lackedOf: (run: StoredRun) => readonly T[],
    bringAll: (run: StoredRun, request: InspectRequest, lacked: readonly T[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<StoredRun> {
    const run = store.get(runId);
    const request = requestOf(run);
    if (!request || lackedOf(run).length === 0) return run;
    await queue.run(async () => {
      const lacked = lackedOf(run);
      if (lacked.length > 0)
        await bringAll(run, request, lacked).catch((error: unknown) => failed(run, error));
      store.evict();
    }, signal);
    return run;
  }

  const captured = (
    runId: string,
    lackedOf: (run: StoredRun) => readonly LayerTensor[],
    wanted: readonly LayerTensor[],
    { depth, only }: { readonly depth: Depth; readonly only?: StoredLayer },
    signal: AbortSignal,
  ) =>
    runAgain(
      runId,
      lackedOf,
      (run, request) => deepen(run, request, new Set(wanted), stages(), signal, { depth, only }),
      signal,
    );

  const ready: Ready = async (runId, what, choices, signal) => {
    const run = store.get(runId);
    if (isReduced(run)) {
      return runAgain(
        runId,
        () => lackedBy(run, what, choices, stages().limits.byteBudget),
        (_, request, wishes) => bring(run, request, wishes, stages(), signal),
        signal,
      );
    }
    const wanted = what === "scores" ? [what] : VECTORS;
    const ofLayers = (layers: readonly StoredLayer[], only?: StoredLayer) =>
      captured(
        runId,
        () => lacked(layers, ({ has }) => (has.includes(what) ? [what] : [])),
        wanted,
        { depth: "all", only },
        signal,
      );
    if (run.summary.backend.name !== "webgpu") return ofLayers(run.layers);
    // What a pass gives lies in the graphics memory: only what is looked at is fetched from there.
    const layers = layersOfChoices(run, choices);
    if (layers.length === run.layers.length) return ofLayers(layers);
    for (const layer of layers) await ofLayers([layer], layer);
    return run;
  };

  const withParts: WithParts = async (runId, parts, { depth, only }, signal) => {
    const run = store.get(runId);
    const layer = only && layerOf(run, only.block, only.layer);
    const layers = layer ? [layer] : run.layers;
    const wanted = [...new Set(layers.flatMap(({ info }) => parts(info)))];
    return captured(runId, () => lacked(layers, parts), wanted, { depth, only: layer }, signal);
  };

  async function accumulate(
    run: StoredRun,
    what: Measure,
    choice: HeadChoice & { readonly head: "mean" | "max" },
    signal: AbortSignal,
  ): Promise<void> {
    const sum = new Accumulation(choice.head);
    for (const { info, block } of layersOf(run, choice.block)) {
      if (!info.has.includes(what)) continue;
      const { runId } = run.summary;
      await ready(runId, what, [{ block, layer: info.layer, head: "mean" }], signal);
      sum.add(tensorOf(layerOf(run, block, info.layer), what));
    }
    sum.keep(run, choice, what);
  }

  const readyWhole: Ready = async (runId, what, choices, signal) => {
    const run = store.get(runId);
    if (!isReduced(run) || (what !== "weights" && what !== "scores"))
      return ready(runId, what, choices, signal);
    const single: HeadChoice[] = [];
    for (const choice of choices) {
      const { head, layer } = choice;
      const { byteBudget } = stages().limits;
      if (run.combined.has(combinedKey(choice, what))) continue;
      if (layer !== "all" || typeof head === "number") single.push(choice);
      else if (lackedBy(run, what, [choice], byteBudget).length > 0)
        await accumulate(run, what, { ...choice, head }, signal);
    }
    return ready(runId, what, single, signal);
  };

  return {
    ready,
    readyWhole,
    withParts,
    async byLayer(runId, block, signal, read, isKnown = () => false) {
      const run = store.get(runId);
      if (run.summary.kept?.form !== "on-demand" || isKnown(run)) return read(run);
      const all = [];
      for (const layer of layersOf(run, block)) {
        await ready(runId, "weights", [{ block, layer: layer.info.layer, head: "mean" }], signal);
        all.push(...read(storedRun(run.summary, [layer])));
      }
      return all;
    },
  };
}

function layersOfChoices(run: StoredRun, choices: readonly HeadChoice[]): StoredLayer[] {
  return run.layers.filter((stored) =>
    choices.some(
      ({ block, layer }) => block === stored.block && (layer === "all" || layer === stored.info.layer),
    ),
  );
}

function lacked(
  layers: readonly StoredLayer[],
  parts: (info: LayerOfRun) => readonly LayerTensor[],
): LayerTensor[] {
  return layers.flatMap(({ info, tensors }) => parts(info).filter((part) => !tensors.has(part)));
}
