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
import { layerOf, layersOf } from "../../store/heads";
import type { RunStore } from "../../store/runStore";
import { statisticsKey } from "../../store/slices";
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
  readonly withParts: WithParts;
  /** What a function says of all heads of a block, from one layer after the other where not all are kept. */
  byLayer<T>(
    runId: string,
    block: BlockKind,
    signal: AbortSignal,
    read: (run: StoredRun) => T[],
  ): Promise<T[]>;
}

/** Vectors are small beside matrices and are looked at together. */
const VECTORS: readonly HeadVectors[] = ["q", "k", "v", "output"];

/** Runs with what is asked of them: what was not captured, or not kept, is brought by running their requests again. */
export function runReader({ store, queue, stages, requestOf }: Parts): RunReader {
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
      if (lacked.length > 0) await bringAll(run, request, lacked);
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
    const lackedOf = () => lacked(run.layers, ({ has }) => (has.includes(what) ? [what] : []));
    return captured(runId, lackedOf, what === "scores" ? [what] : VECTORS, { depth: "all" }, signal);
  };

  const withParts: WithParts = async (runId, parts, { depth, only }, signal) => {
    const run = store.get(runId);
    const layer = only && layerOf(run, only.block, only.layer);
    const layers = layer ? [layer] : run.layers;
    const wanted = [...new Set(layers.flatMap(({ info }) => parts(info)))];
    return captured(runId, () => lacked(layers, parts), wanted, { depth, only: layer }, signal);
  };

  return {
    ready,
    withParts,
    async byLayer(runId, block, signal, read) {
      const run = store.get(runId);
      if (run.summary.kept?.form !== "on-demand" || run.statistics.has(statisticsKey(block, "weights")))
        return read(run);
      const all = [];
      for (const layer of layersOf(run, block)) {
        await ready(runId, "weights", [{ block, layer: layer.info.layer, head: "mean" }], signal);
        all.push(...read(storedRun(run.summary, [layer])));
      }
      return all;
    },
  };
}

function lacked(
  layers: readonly StoredLayer[],
  parts: (info: LayerOfRun) => readonly LayerTensor[],
): LayerTensor[] {
  return layers.flatMap(({ info, tensors }) => parts(info).filter((part) => !tensors.has(part)));
}
