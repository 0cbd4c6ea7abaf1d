import {
  isLengthWeighted,
  isPerLayer,
  type LengthMeasure,
  type ShownMeasure,
} from "../../core/measures/measure";
import type { HeadChoice, LayerOfRun, LayerTensor } from "../../core/run";
import { hasLengths, prepareMeasure, type Extent } from "../../store/measured";
import type { Line } from "../../store/mixed";
import type { RunStore } from "../../store/runStore";
import type { StoredRun } from "../../store/storedRun";
import { checkpoint } from "./queue";
import type { RunReader } from "./runReader";

/** What measures need of the worker. */
type Parts = Pick<RunReader, "ready" | "readyWhole" | "withParts"> & { readonly store: RunStore };

/** What of a measure is read: the matrices of the choices, or a line of each; of every layer where `eachLayer`. */
export interface Reading {
  readonly line?: Line;
  readonly eachLayer?: boolean;
}

export type ReadyMeasure = (
  runId: string,
  measure: ShownMeasure,
  choices: readonly HeadChoice[],
  signal: AbortSignal,
  reading?: Reading,
) => Promise<StoredRun>;

/** The run with all that a measure needs: captured by another pass, or computed; both are heard when cancelled. */
export function measureReader({ store, ready, readyWhole, withParts }: Parts): ReadyMeasure {
  return async (runId, measure, choices, signal, { line, eachLayer } = {}) => {
    if (measure === "weights" || measure === "scores") return readyWhole(runId, measure, choices, signal);
    const run = store.get(runId);
    for (const { block, layer } of choices) {
      const extent: Extent = { block, ...(!eachLayer && { layer }), ...(line && { line }) };
      const release =
        isLengthWeighted(measure) && !hasLengths(run, measure, block)
          ? await bringVectors(run, measure, extent, signal)
          : undefined;
      await prepareMeasure(run, measure, extent, {
        pace: () => checkpoint(signal),
        bring: async (each) => {
          await ready(runId, "weights", [{ block, layer: each, head: "mean" }], signal);
        },
      });
      release?.();
    }
    if (!isPerLayer(measure)) await ready(runId, "weights", choices, signal);
    store.evict();
    return run;
  };

  /** Values, and W_O where it counts, for as long as their lengths take; what it gives drops what was not there before. */
  async function bringVectors(
    run: StoredRun,
    measure: LengthMeasure,
    { block }: Extent,
    signal: AbortSignal,
  ): Promise<() => void> {
    const parts: LayerTensor[] = measure === "norm-weighted" ? ["v", "projection"] : ["v"];
    const held = run.layers.map(({ tensors }) => parts.filter((part) => tensors.has(part)));
    await ready(run.summary.runId, "v", [{ block, layer: "all", head: "mean" }], signal);
    if (measure === "norm-weighted") {
      const projection = ({ projection: known }: LayerOfRun) =>
        known?.has.includes("projection") ? (["projection"] as const) : [];
      await withParts(run.summary.runId, projection, { depth: "projection" }, signal);
    }
    return () =>
      run.layers.forEach(({ tensors }, index) => {
        for (const part of parts) if (!held[index]!.includes(part)) tensors.delete(part);
      });
  }
}
