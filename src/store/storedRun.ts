import type { BlockKind, LayerOfRun, LayerTensor, RunSummary } from "../core/run";
import type { Tensor } from "../core/tensor";
import type { HeadStatistics } from "../protocol/slices";
import { byteLengthOfTensor } from "./headwise";

/** A run with its tensors, as the worker that computed it keeps it. */
export interface StoredRun {
  readonly summary: RunSummary;
  readonly layers: readonly StoredLayer[];
  /** Scores over the vocabulary: [positions, vocabulary] float32, for predictions. */
  readonly logits?: Tensor;
  /** Sums over many heads that were asked for, newest last; recomputed when dropped. */
  readonly combined: Map<string, Float32Array>;
  /** By block, or block and measure. */
  readonly statistics: Map<string, HeadStatistics[]>;
  /** Lengths by which weights are multiplied, [nHeads, nKeys], by "measure block layer". */
  readonly lengths: Map<string, Tensor>;
  /** What joins all heads of a layer (rollout, flow), by "measure block layer": [n, n], or [n] for one row or column. */
  readonly mixed: Map<string, Tensor>;
  /** The largest value of a measure in a block, by "measure block". */
  readonly largest: Map<string, number>;
}

/**
 * One layer's tensors: measures [nHeads, nQueries, nKeys], vectors [heads or key heads, positions, dHead]; parts of the
 * projection as ProjectionPart says. Measures may be Headwise: read them by `headOf` and `cellsOf`, which make one head
 * of what is kept.
 */
export interface StoredLayer {
  readonly block: BlockKind;
  readonly info: LayerOfRun;
  readonly tensors: Map<LayerTensor, Tensor>;
}

export function storedRun(summary: RunSummary, layers: readonly StoredLayer[], logits?: Tensor): StoredRun {
  return {
    summary,
    layers,
    logits,
    combined: new Map(),
    statistics: new Map(),
    lengths: new Map(),
    mixed: new Map(),
    largest: new Map(),
  };
}

/** Bytes of a run's tensors. */
export function byteLengthOf({ layers, logits, combined, lengths, mixed }: StoredRun): number {
  let bytes = logits?.data.byteLength ?? 0;
  for (const { tensors } of layers) {
    for (const tensor of tensors.values()) bytes += byteLengthOfTensor(tensor);
  }
  for (const data of combined.values()) bytes += data.byteLength;
  for (const { data } of [...lengths.values(), ...mixed.values()]) bytes += data.byteLength;
  return bytes;
}
