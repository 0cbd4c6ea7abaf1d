import type { BackendFallback } from "../../core/run";
import type { ModelSource } from "../../core/modelSource";
import type { StoredRun } from "../../store/storedRun";
import { inspect } from "./inspect";
import { LARGE_MODEL_BYTES, openModel, type Depth, type OpenModel } from "./openModel";
import { WASM_BYTES } from "./limits";
import type { ModelsOfRun } from "./models";
import type { Platform } from "./platform";

/** Most by which a weight of a short prompt may differ from WASM's; measured with a software adapter: 2e-6. */
export const TRIAL_TOLERANCE = 1e-3;
const TRIAL_TOKENS = 8;

/**
 * Opens a model on WebGPU if a short prompt gives there what it gives on WASM, else on WASM with the reason.
 * A graph or driver that WebGPU computes wrongly is known before a person sees its numbers.
 */
export async function openOnGpu(
  source: ModelSource,
  depth: Depth,
  platform: Platform,
  adapter: string,
): Promise<OpenModel> {
  const openWasm = () => openModel(source, depth, { ...platform, backend: { name: "wasm" } });
  const openGpu = () => openModel(source, depth, { ...platform, backend: { name: "webgpu", adapter } });
  const wasm = await openWasm();
  const isLarge = (await wasm.parts(depth)).first.weightBytes >= LARGE_MODEL_BYTES;
  let gpu: OpenModel | undefined;
  let fallback: BackendFallback;
  try {
    const expected = await trial(wasm);
    // Two sessions of a large model would hold the weights twice.
    if (isLarge) await wasm.close();
    gpu = await openGpu();
    const difference = largestDifference(expected, await trial(gpu));
    if (difference <= TRIAL_TOLERANCE) {
      if (!isLarge) await wasm.close();
      return gpu;
    }
    fallback = { code: "webgpu-disagrees", detail: difference.toPrecision(2) };
  } catch (error) {
    fallback = { code: "webgpu-refused", detail: error instanceof Error ? error.message : String(error) };
  }
  await gpu?.close().catch(() => undefined);
  return { ...(isLarge ? await openWasm() : wasm), backend: { name: "wasm", fallback } };
}

/** A few low ids: every vocabulary has them. */
async function trial(model: OpenModel): Promise<StoredRun> {
  const { context = TRIAL_TOKENS, vocab = TRIAL_TOKENS + 1, kind } = model.summary;
  const ids = Array.from({ length: Math.min(TRIAL_TOKENS, context) }, (_, i) => (i + 1) % vocab);
  const request = { model: model.source, ids, ...(kind === "encoder-decoder" && { targetIds: ids }) };
  const models: ModelsOfRun = {
    get: async () => model,
    isWarm: () => true,
    otherBytes: async () => 0,
    closeOthers: async () => undefined,
    noteHeap: () => undefined,
  };
  const limits = { heapBytes: WASM_BYTES, byteBudget: 1e9 };
  const { signal } = new AbortController();
  return inspect(request, "trial", { models, nThreads: 1, progress: () => undefined, limits }, signal);
}

/** Over all weights; NaN or another shape is as far as can be. */
function largestDifference(expected: StoredRun, given: StoredRun): number {
  let largest = 0;
  expected.layers.forEach((layer, at) => {
    const one = layer.tensors.get("weights")?.data;
    const other = given.layers[at]?.tensors.get("weights")?.data;
    if (one?.length !== other?.length) largest = Infinity;
    one?.forEach((value, i) => {
      const difference = Math.abs(value - other![i]!);
      if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
    });
  });
  return largest;
}
