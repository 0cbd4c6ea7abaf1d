import { runTooLarge } from "../../core/errors";
import type { KeptWeights } from "../../core/run";
import { POOLED } from "../../onnx/selective";
import { HEAP_OVER_WEIGHTS } from "./limits";

/** What a run's memory depends on. */
export interface RunSize {
  readonly modelName: string;
  /** Of all sessions that are open beside and for this run. */
  readonly weightBytes: number;
  readonly headsPerLayer: readonly number[];
  readonly nTokens: number;
  /** 0 where the model has no output over its vocabulary. */
  readonly vocab: number;
  /** Whether the graph can hand over single heads (see onnx/selective.ts). */
  readonly isSelective: boolean;
}

export interface MemoryLimits {
  /** What the runtime's heap may grow to. */
  readonly heapBytes: number;
  /** What runs may keep outside it (the setting headlight.byteBudget). */
  readonly byteBudget: number;
}

/** How a run will go, decided before it starts. */
export interface MemoryPlan {
  readonly form: "float32" | KeptWeights["form"];
  /** Layers (indices in headsPerLayer) whose weights each forward pass hands over. */
  readonly passes: readonly (readonly number[])[];
  readonly keepsLogits: boolean;
}

/**
 * Share of the budget that one run may take as float32: half, so that two of them can be compared. Beyond it weights
 * are kept as bytes, a quarter of that.
 */
const FLOAT32_SHARE = 1 / 2;
const LOGITS_SHARE = 1 / 4;

/** Maps of the largest layer that are alive at once in a plain pass: product and weights (measured at 2,048 and 4,096 tokens). */
const MAPS_AT_WORK = 2;
/** What activations and the runtime take beside the maps. */
export const WORKSPACE_BYTES = 150e6;

/** Throws runTooLarge, with the number of tokens that fit, where no way of running fits. */
export function planRun(size: RunSize, limits: MemoryLimits): MemoryPlan {
  const plan = planOrUndefined(size, limits);
  if (plan) return plan;
  const fits = mostTokens(size, limits);
  const needed = heapBytes(size, size.isSelective ? [] : everyLayer(size), size.isSelective);
  throw runTooLarge(size.modelName, size.nTokens, needed, limits.heapBytes, fits);
}

function planOrUndefined(size: RunSize, limits: MemoryLimits): MemoryPlan | undefined {
  const maps = size.headsPerLayer.reduce((sum, nHeads) => sum + mapBytes(size, nHeads), 0);
  const keepsLogits = logitBytes(size) <= limits.byteBudget * LOGITS_SHARE;
  const all = everyLayer(size);
  const fitsAsFloat32 = heapBytes(size, all, false) <= limits.heapBytes;
  // Where there is no other form, one run may take more than the budget: the newest run is never let go of.
  if (fitsAsFloat32 && (!size.isSelective || maps <= limits.byteBudget * FLOAT32_SHARE)) {
    return { form: "float32", passes: [all], keepsLogits };
  }
  if (!size.isSelective) return undefined;
  if (maps / 4 <= limits.byteBudget) {
    const passes = groups(size, limits.heapBytes);
    return passes && { form: "bytes", passes, keepsLogits };
  }
  const first = all.slice(0, 1);
  const fits = heapBytes(size, first, true) <= limits.heapBytes;
  return fits ? { form: "on-demand", passes: [first], keepsLogits } : undefined;
}

/** Layers in as few passes as fit. */
function groups(size: RunSize, heap: number): number[][] | undefined {
  const passes: number[][] = [];
  for (const layer of everyLayer(size)) {
    const last = passes.at(-1);
    if (last && heapBytes(size, [...last, layer], true) <= heap) last.push(layer);
    else if (heapBytes(size, [layer], true) <= heap) passes.push([layer]);
    else return undefined;
  }
  return passes;
}

/** What the runtime's heap grows to: weights, maps at work, what is handed over, logits. */
export function heapBytes(size: RunSize, layers: readonly number[], asCodes: boolean): number {
  const largest = mapBytes(size, Math.max(0, ...size.headsPerLayer));
  const given = layers.reduce((sum, layer) => sum + mapBytes(size, size.headsPerLayer[layer] ?? 0), 0);
  const pooled = size.headsPerLayer.reduce((sum, n) => sum + mapBytes(size, n), 0) / 4 / POOLED ** 2;
  // What is turned into codes is copied first.
  const copied = asCodes
    ? Math.max(0, ...layers.map((layer) => mapBytes(size, size.headsPerLayer[layer]!)))
    : 0;
  return (
    size.weightBytes * HEAP_OVER_WEIGHTS +
    WORKSPACE_BYTES +
    largest * MAPS_AT_WORK +
    (asCodes ? copied + given / 4 + pooled : given) +
    logitBytes(size)
  );
}

function mostTokens(size: RunSize, limits: MemoryLimits): number {
  let fits = 0;
  let fails = size.nTokens;
  while (fails - fits > 1) {
    const nTokens = Math.floor((fits + fails) / 2);
    if (planOrUndefined({ ...size, nTokens }, limits)) fits = nTokens;
    else fails = nTokens;
  }
  // Two digits: it is an estimate.
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, fits))) - 1);
  return Math.floor(fits / unit) * unit;
}

function everyLayer({ headsPerLayer }: RunSize): number[] {
  return headsPerLayer.map((_, layer) => layer);
}

/** Float32 maps of one layer. */
function mapBytes({ nTokens }: RunSize, nHeads: number): number {
  return nHeads * nTokens * nTokens * 4;
}

function logitBytes({ nTokens, vocab }: RunSize): number {
  return nTokens * vocab * 4;
}
