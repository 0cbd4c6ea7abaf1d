import { badChoice, notCaptured } from "../core/errors";
import { addVectors, headAdditions, headContributions, sumOfRows } from "../core/projection";
import type { BlockKind, HeadAddress, ProjectionPart } from "../core/run";
import { compareTensors, type Check } from "../core/steps";
import type { Tensor } from "../core/tensor";
import type { AdditionsSlice, ProjectionSlice } from "../protocol/projection";
import { layerOf, tensorOf } from "./heads";
import type { StoredLayer, StoredRun } from "./storedRun";

/** Most bytes of contributions or of W_O's rows in one answer; a message carries 1 MB. */
const MOST_BYTES = 4e5;

/** One query of a layer from the heads' outputs through W_O into the residual stream, checked against the run. */
export function projectionSlice(run: StoredRun, address: HeadAddress, query: number): ProjectionSlice {
  const layer = layerOf(run, address.block, address.layer);
  const { nHeads, projection: found } = layer.info;
  if (!(address.head >= 0 && address.head < nHeads)) throw badChoice(`the layer has no head ${address.head}`);
  const { concat, weights } = partsOf(layer);
  const [nPositions = 0, width = 0] = concat.dims;
  if (!(query >= 0 && query < nPositions)) throw badChoice(`there is no query ${query} among ${nPositions}`);
  const dModel = weights.dims[1] ?? 0;
  const dHead = width / nHeads;
  const own = concat.data.slice(query * width, (query + 1) * width);
  const all = headContributions(own, weights, nHeads);
  const sum = sumOfRows(all);
  const bias = biasOf(layer, dModel);
  const output = bias ? addVectors(sum, bias) : sum;
  const rowOf = (part: ProjectionPart) => rowIn(layer, part, query, dModel);
  const [ofRun, before, after] = [rowOf("projected"), rowOf("before"), rowOf("after")];
  const fits = nHeads * dModel * 4 <= MOST_BYTES;
  const around = found?.around ?? [];
  return {
    query,
    head: address.head,
    concat: { dims: [nHeads, dHead], data: own },
    ...(dHead * dModel * 4 <= MOST_BYTES && { weights: rowsOf(weights, address.head * dHead, dHead) }),
    contributions: fits ? all : rowsOf(all, address.head, 1),
    firstHead: fits ? 0 : address.head,
    heads: headAdditions(all, sum, before),
    sum,
    ...(bias && { bias }),
    output,
    ...(before && { before }),
    ...(after && { after }),
    checks: {
      ...checkConcat(layer, own, query),
      ...(ofRun && { output: compareVectors(output, ofRun) }),
      // A norm, a scale or a feed-forward part in between would show as a difference that is none.
      ...(before &&
        after &&
        around.length === 0 && { after: compareVectors(addVectors(before, output), after) }),
    },
    around,
  };
}

/** Multiplications that a layer's additions may cost, about 2 s. */
const MOST_PRODUCTS = 2e9;

/** Length and direction of what each head adds, for all queries; for evenly spread ones where that would take too long. */
export function additionsSlice(run: StoredRun, block: BlockKind, layerIndex: number): AdditionsSlice {
  const layer = layerOf(run, block, layerIndex);
  const { nHeads } = layer.info;
  const { concat, weights } = partsOf(layer);
  const [nPositions = 0, width = 0] = concat.dims;
  const dModel = weights.dims[1] ?? 0;
  const affordable = Math.floor(MOST_PRODUCTS / Math.max(1, width * dModel));
  const count = Math.max(1, Math.min(nPositions, affordable, 512));
  const queries = Uint32Array.from({ length: count }, (_, i) => Math.floor((i * nPositions) / count));
  const size = count * nHeads;
  const slice = { norms: new Float32Array(size), withSum: new Float32Array(size) };
  const withResidual = layer.tensors.has("before") ? new Float32Array(size) : undefined;
  queries.forEach((query, row) => {
    const all = headContributions(concat.data.subarray(query * width, (query + 1) * width), weights, nHeads);
    const before = rowIn(layer, "before", query, dModel);
    headAdditions(all, sumOfRows(all), before).forEach((head, i) => {
      slice.norms[row * nHeads + i] = head.norm;
      slice.withSum[row * nHeads + i] = head.withSum;
      if (withResidual) withResidual[row * nHeads + i] = head.withResidual ?? NaN;
    });
  });
  return { queries, ...slice, ...(withResidual && { withResidual }) };
}

/** What enters W_O and W_O itself; throws where the layer has none or the heads do not fit it. */
function partsOf(layer: StoredLayer): { concat: Tensor; weights: Tensor } {
  const { block, info } = layer;
  if (info.projection?.missing)
    throw notCaptured("output projection W_O", block, info.layer, info.projection.missing);
  const concat = tensorOf(layer, "concat");
  const weights = tensorOf(layer, "projection");
  const width = concat.dims[1] ?? 0;
  if (width !== weights.dims[0] || width % info.nHeads !== 0 || concat.dims[0] !== info.nQueries) {
    throw notCaptured(
      "output projection W_O",
      block,
      info.layer,
      `${info.nQueries} queries of ${info.nHeads} heads do not fit [${concat.dims.join(", ")}] times W_O of [${weights.dims.join(", ")}]`,
    );
  }
  return { concat, weights };
}

function biasOf(layer: StoredLayer, dModel: number): Float32Array | undefined {
  const found = layer.tensors.get("projectionBias");
  if (!found) return undefined;
  return found.data.length === dModel
    ? found.data.slice()
    : new Float32Array(dModel).fill(found.data[0] ?? 0);
}

/** The row of a part for a query; nothing where the part is of another width. */
function rowIn({ tensors }: StoredLayer, part: ProjectionPart, query: number, dModel: number) {
  const found = tensors.get(part);
  return found?.dims[1] === dModel && query < (found.dims[0] ?? 0)
    ? found.data.slice(query * dModel, (query + 1) * dModel)
    : undefined;
}

/** Whether the heads' outputs stand side by side in what enters W_O. */
function checkConcat(layer: StoredLayer, own: Float32Array, query: number): { concat?: Check } {
  const outputs = layer.tensors.get("output");
  const [nHeads = 0, nPositions = 0, dHead = 0] = outputs?.dims ?? [];
  if (!outputs || nHeads * dHead !== own.length) return {};
  const beside = new Float32Array(own.length);
  for (let head = 0; head < nHeads; head++) {
    const start = (head * nPositions + query) * dHead;
    beside.set(outputs.data.subarray(start, start + dHead), head * dHead);
  }
  const isChanged = layer.info.projection?.around.includes("changed-before") ?? false;
  return isChanged ? {} : { concat: compareVectors(beside, own) };
}

function rowsOf({ dims, data }: Tensor, first: number, count: number): Tensor {
  const columns = dims[1] ?? 0;
  return { dims: [count, columns], data: data.slice(first * columns, (first + count) * columns) };
}

function compareVectors(recomputed: Float32Array, ofRun: Float32Array): Check {
  const dims = [recomputed.length];
  return compareTensors({ dims, data: recomputed }, { dims, data: ofRun });
}
