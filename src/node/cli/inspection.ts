import { isPerLayer, type ShownMeasure } from "../../core/measures/measure";
import type { BlockKind, HeadVectors, LayerOfRun, RunSummary } from "../../core/run";
import type { Tensor } from "../../core/tensor";
import type { Engine } from "../../engine/engine";

/** A finished run as the writers of files see it: its summary, what was asked for, and its tensors on request. */
export interface Inspection {
  readonly run: RunSummary;
  readonly layers: readonly ChosenLayer[];
  readonly measures: readonly ShownMeasure[];
  /** What pictures and the page show. */
  readonly shown: ShownMeasure;
  readonly vectors: readonly HeadVectors[];
  readonly engine: Engine;
  /** What the picture or page is about, in one line. */
  readonly title: string;
}

export interface ChosenLayer {
  readonly block: BlockKind;
  readonly info: LayerOfRun;
}

/** A whole layer: [nHeads, nQueries, nKeys]; of rollout and flow, which join the heads: [nQueries, nKeys]. */
export async function layerTensor(
  { engine, run }: Inspection,
  { block, info }: ChosenLayer,
  measure: ShownMeasure,
): Promise<Tensor> {
  const { nHeads, nQueries, nKeys, layer } = info;
  if (isPerLayer(measure)) {
    const choice = { block, layer, head: "mean" as const };
    const { data } = await engine.matrix({ runId: run.runId, choice, measure });
    return { dims: [nQueries, nKeys], data };
  }
  const data = new Float32Array(nHeads * nQueries * nKeys);
  for (let head = 0; head < nHeads; head++) {
    const choice = { block, layer, head };
    const matrix = await engine.matrix({ runId: run.runId, choice, measure });
    data.set(matrix.data, head * nQueries * nKeys);
  }
  return { dims: [nHeads, nQueries, nKeys], data };
}

/** Vectors of all query heads of a layer: [nHeads, positions, dHead]. */
export async function layerVectors(
  { engine, run }: Inspection,
  { block, info }: ChosenLayer,
  which: HeadVectors,
): Promise<Tensor> {
  const heads: Tensor[] = [];
  for (let head = 0; head < info.nHeads; head++) {
    const address = { block, layer: info.layer, head };
    heads.push(await engine.headVectors({ runId: run.runId, address, which }));
  }
  const [positions = 0, dHead = 0] = heads[0]?.dims ?? [];
  const data = new Float32Array(info.nHeads * positions * dHead);
  heads.forEach((head, i) => data.set(head.data, i * positions * dHead));
  return { dims: [info.nHeads, positions, dHead], data };
}
