import { modelTooLarge, runTooLarge } from "../../core/errors";
import type { ModelConfig } from "../../model/config";
import type { Card } from "../../model/card";
import type { GraphReport } from "../../onnx/instrumented";

/** WebAssembly's memory ends at 4 GB; the runtime itself and fragmentation take some of it. */
export const WASM_BYTES = 3.8e9;
/** Heap over weights, measured: 1.2 to 1.3 (copies of packed matrices). */
export const HEAP_OVER_WEIGHTS = 1.3;

/** Says before anything is loaded that a model cannot fit. */
export function checkModelSize(modelName: string, weightBytes: number): void {
  const needed = weightBytes * HEAP_OVER_WEIGHTS;
  if (needed > WASM_BYTES) throw modelTooLarge(modelName, needed, WASM_BYTES);
}

/** Says before a run that its attention does not fit beside the weights. For runs without a plan (see plan.ts). */
export function checkRunSize(
  modelName: string,
  weightBytes: number,
  nLayers: number,
  nHeads: number,
  nTokens: number,
): void {
  const ofHeads = nLayers * nHeads * 4;
  const free = WASM_BYTES - weightBytes * HEAP_OVER_WEIGHTS;
  const fits = Math.floor(Math.sqrt(Math.max(0, free) / Math.max(1, ofHeads)));
  const needed = weightBytes * HEAP_OVER_WEIGHTS + ofHeads * nTokens ** 2;
  if (nTokens > fits) throw runTooLarge(modelName, nTokens, needed, WASM_BYTES, fits);
}

/** Model types whose table of positions begins after the padding id, so that max_position_embeddings is 2 too many. */
const offsetPositions = /^(roberta|xlm-roberta|camembert|mpnet|longformer|xlm-roberta-xl|data2vec-text)$/;

/** Most tokens the model reads, from its card, its config, or its learned table; undefined where none says. */
export function contextOf(
  config: ModelConfig,
  card: Card | undefined,
  positions?: GraphReport["positions"],
): number | undefined {
  if (card?.context) return card.context;
  if (config.context !== undefined) {
    const reserved = offsetPositions.test(config.architecture ?? "") ? (config.padTokenId ?? 1) + 1 : 0;
    return config.context - reserved;
  }
  const table = positions?.scheme === "learned" ? positions.parameters.length : undefined;
  return typeof table === "number" ? table : undefined;
}
