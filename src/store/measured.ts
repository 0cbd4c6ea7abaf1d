import { flowTooLarge, measureMissing } from "../core/errors";
import { flowNetwork, maximumFlow, type FlowNetwork } from "../core/measures/flow";
import { blockFlowCost, durationText, type FlowExtent } from "../core/measures/flowCost";
import {
  isPerLayer,
  measureLack,
  measureWords,
  type LengthMeasure,
  type ShownMeasure,
} from "../core/measures/measure";
import { transformedNorms, valueNorms } from "../core/measures/normWeighted";
import { rollRows, withResidual } from "../core/measures/rollout";
import { findBlock, type BlockKind, type BlockOfRun } from "../core/run";
import type { Tensor } from "../core/tensor";
import { headOf, layersOf, matrixOf, tensorOf } from "./heads";
import { lastLayer, lineKey, mixKey, type Line } from "./mixed";
import type { StoredLayer, StoredRun } from "./storedRun";

/** What a computation needs of whoever runs it. */
export interface Conditions {
  /** Lets waiting messages in; throws when the call was cancelled. */
  pace(): Promise<void>;
  /** Sees to it that the weights of a layer are there, where a run does not keep them all. */
  bring?(layer: number): Promise<void>;
}

/** What of a measure is going to be read: a whole matrix, or one row or column of it. */
export interface Extent {
  readonly block: BlockKind;
  /** "all" is the whole model; without a layer, each one is meant. */
  readonly layer?: number | "all";
  readonly line?: Line;
}

/** A computation breathes after this many milliseconds. */
const BREATH_MS = 30;

/**
 * Makes what `measure` needs and the run does not hold yet: lengths of values, rollout or flow. Throws where the
 * model lacks a part, or where a flow would take too long. Small beside the run, and kept with it.
 */
export async function prepareMeasure(
  run: StoredRun,
  measure: ShownMeasure,
  extent: Extent,
  conditions: Conditions,
): Promise<void> {
  const { block, layer = "all" } = extent;
  if (measure === "weights" || measure === "scores") return;
  const found = findBlock(run.summary, block);
  const lack = found && measureLack(found, layer, measure);
  if (lack) throw measureMissing(measureWords[measure].name, lack);
  if (!isPerLayer(measure)) return prepareLengths(run, measure, block);
  const all = layersOf(run, block).map(({ info }) => info.layer);
  for (const each of extent.layer === undefined ? all : [lastLayer(run, block, layer)]) {
    if (measure === "rollout") await prepareRollout(run, block, each, conditions);
    else await prepareFlow(run, block, each, extent.line, conditions);
  }
}

/** Whether the lengths of a block were computed, for the layers that have them. */
export function hasLengths(run: StoredRun, measure: LengthMeasure, block: BlockKind): boolean {
  return layersOf(run, block).some(({ info }) => run.lengths.has(mixKey(measure, block, info.layer)));
}

function prepareLengths(run: StoredRun, measure: LengthMeasure, block: BlockKind): void {
  for (const layer of layersOf(run, block)) {
    const key = mixKey(measure, block, layer.info.layer);
    const isThere =
      layer.tensors.has("v") && (measure === "value-weighted" || layer.tensors.has("projection"));
    if (!run.lengths.has(key) && isThere) run.lengths.set(key, lengthsOf(layer, measure));
  }
}

/** Length of what each key hands over, for each query head: [nHeads, nKeys]. Heads that share values share v. */
function lengthsOf(layer: StoredLayer, measure: LengthMeasure): Tensor {
  const v = tensorOf(layer, "v");
  const [nGiven = 0, nKeys = 0, dHead = 0] = v.dims;
  const { nHeads } = layer.info;
  const data = new Float32Array(nHeads * nKeys);
  for (let head = 0; head < nHeads; head++) {
    const values = { dims: [nKeys, dHead], data: headOf(v, Math.floor((head * nGiven) / nHeads)) };
    data.set(
      measure === "value-weighted"
        ? valueNorms(values)
        : transformedNorms(values, projectionOf(layer, head, dHead)),
      head * nKeys,
    );
  }
  return { dims: [nHeads, nKeys], data };
}

/** A head's rows of W_O [nHeads x dHead, dModel]: [dHead, dModel]. */
function projectionOf(layer: StoredLayer, head: number, dHead: number): Tensor {
  const { dims, data } = tensorOf(layer, "projection");
  const [rows = 0, dModel = 0] = dims;
  const { nHeads, layer: index } = layer.info;
  if (rows !== nHeads * dHead) {
    const reason = `W_O of layer ${index} has ${rows} rows where ${nHeads} heads have values of ${dHead} numbers`;
    throw measureMissing(measureWords["norm-weighted"].name, reason);
  }
  return {
    dims: [dHead, dModel],
    data: data.subarray(head * dHead * dModel, (head + 1) * dHead * dModel),
  };
}

/** Each layer's rollout up to `layer` from the one below it. */
async function prepareRollout(
  run: StoredRun,
  block: BlockKind,
  layer: number,
  conditions: Conditions,
): Promise<void> {
  let below: Tensor | undefined;
  for (const [at, each] of layersUpTo(run, block, layer).entries()) {
    const key = mixKey("rollout", block, each);
    const known = run.mixed.get(key);
    const own = known ?? (await residualOf(run, block, each, conditions));
    below = known ?? (at === 0 ? own : await rolled(own, below!, conditions));
    run.mixed.set(key, below);
  }
}

async function rolled(layer: Tensor, below: Tensor, conditions: Conditions): Promise<Tensor> {
  const n = layer.dims[0] ?? 0;
  const result = { dims: layer.dims, data: new Float32Array(n * n) };
  // About 1e8 multiplications a second in the worst case.
  const step = Math.max(1, Math.floor((BREATH_MS * 1e5) / (n * n)));
  for (let row = 0; row < n; row += step) {
    await conditions.pace();
    rollRows(layer, below, result, row, Math.min(n, row + step));
  }
  return result;
}

async function prepareFlow(
  run: StoredRun,
  block: BlockKind,
  layer: number,
  line: Line | undefined,
  conditions: Conditions,
): Promise<void> {
  const key = mixKey("flow", block, layer);
  const own = line ? lineKey(key, line) : key;
  if (run.mixed.has(key) || run.mixed.has(own)) return;
  const layers = layersUpTo(run, block, layer);
  const nTokens = layersOf(run, block)[0]!.info.nQueries;
  checkFlow(findBlock(run.summary, block)!, layer, line ? "line" : "matrix");
  const capacities: Tensor[] = [];
  for (const each of layers) capacities.push(await residualOf(run, block, each, conditions));
  const network = flowNetwork(capacities);
  const data = line ? await flowLine(network, line, conditions) : await flowMatrix(network, conditions);
  run.mixed.set(own, { dims: line ? [nTokens] : [nTokens, nTokens], data });
}

function checkFlow(block: BlockOfRun, layer: number, extent: FlowExtent): void {
  const { isAffordable, nTokens, nLayers, nFlows, seconds, mostTokens } = blockFlowCost(block, layer, extent);
  if (!isAffordable) throw flowTooLarge(nTokens, nLayers, nFlows, durationText(seconds), mostTokens);
}

async function flowMatrix(network: FlowNetwork, conditions: Conditions): Promise<Float32Array> {
  const { n } = network;
  const data = new Float32Array(n * n);
  for (let query = 0; query < n; query++) {
    data.set(await flowLine(network, { axis: "query", index: query }, conditions), query * n);
  }
  return data;
}

async function flowLine(
  network: FlowNetwork,
  { axis, index }: Line,
  conditions: Conditions,
): Promise<Float32Array> {
  const data = new Float32Array(network.n);
  let breathed = performance.now();
  for (let other = 0; other < network.n; other++) {
    if (performance.now() - breathed > BREATH_MS) {
      await conditions.pace();
      breathed = performance.now();
    }
    data[other] = axis === "query" ? maximumFlow(network, index, other) : maximumFlow(network, other, index);
  }
  return data;
}

/** The mean of a layer's heads with half the residual stream: [n, n]. */
async function residualOf(
  run: StoredRun,
  block: BlockKind,
  layer: number,
  { bring }: Conditions,
): Promise<Tensor> {
  await bring?.(layer);
  return withResidual([matrixOf(run, { block, layer, head: "mean" }, "weights")])[0]!;
}

function layersUpTo(run: StoredRun, block: BlockKind, last: number): number[] {
  return layersOf(run, block)
    .map(({ info }) => info.layer)
    .filter((layer) => layer <= last);
}
