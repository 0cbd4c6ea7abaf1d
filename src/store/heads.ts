import { badChoice, notCaptured } from "../core/errors";
import { isLengthWeighted, isPerLayer, type ShownMeasure } from "../core/measures/measure";
import type { BlockKind, HeadChoice, LayerTensor, Measure } from "../core/run";
import type { Tensor } from "../core/tensor";
import { isHeadwise } from "./headwise";
import { mixedLine, mixedOf, mixKey } from "./mixed";
import type { StoredLayer, StoredRun } from "./storedRun";

/** Layers of a block in order. */
export function layersOf(run: StoredRun, block: BlockKind): StoredLayer[] {
  const layers = run.layers.filter((layer) => layer.block === block);
  if (layers.length === 0) throw badChoice(`the run has no ${block} attention`);
  return layers;
}

export function layerOf(run: StoredRun, block: BlockKind, layer: number): StoredLayer {
  const found = layersOf(run, block).find(({ info }) => info.layer === layer);
  if (!found) throw badChoice(`${block} attention has no layer ${layer}`);
  return found;
}

export function tensorOf({ info, block, tensors }: StoredLayer, what: LayerTensor): Tensor {
  const found = tensors.get(what);
  if (!found) throw notCaptured(what, block, info.layer, info.missing);
  return found;
}

/** One head's part of a tensor [nHeads, rows, columns]: a view where the tensor is there, never to be written to. */
export function headOf(tensor: Tensor, head: number): Float32Array {
  const [nHeads = 0, rows = 0, columns = 0] = tensor.dims;
  if (!(Number.isInteger(head) && head >= 0 && head < nHeads))
    throw badChoice(`the layer has no head ${head}`);
  if (isHeadwise(tensor)) return tensor.head(head);
  return tensor.data.subarray(head * rows * columns, (head + 1) * rows * columns);
}

/** `length` cells of a head from `start`, `stride` apart, as an exact copy. */
export function cellsOf(
  tensor: Tensor,
  head: number,
  start: number,
  length: number,
  stride: number,
): Float32Array {
  if (isHeadwise(tensor)) return tensor.cells(head, start, length, stride);
  const own = headOf(tensor, head);
  if (stride === 1) return own.slice(start, start + length);
  return Float32Array.from({ length }, (_, i) => own[start + i * stride]!);
}

/** A layer's tensor [nHeads, nQueries, nKeys], and the lengths [nHeads, nKeys] that multiply it. */
interface Covered {
  readonly tensor: Tensor;
  readonly lengths?: Float32Array;
}

/** What a choice covers, all of one shape. */
function coveredBy(run: StoredRun, choice: HeadChoice, measure: ShownMeasure): Covered[] {
  const { block } = choice;
  if (choice.layer !== "all") return [coveredLayer(run, layerOf(run, block, choice.layer), measure)];
  const layers = layersOf(run, block)
    .filter((layer) => holds(run, layer, measure))
    .map((layer) => coveredLayer(run, layer, measure));
  const [first] = layers;
  if (!first) throw badChoice(`no layer of the ${block} has ${measure}`);
  const [, nQueries, nKeys] = first.tensor.dims;
  if (layers.some(({ tensor: { dims } }) => dims[1] !== nQueries || dims[2] !== nKeys)) {
    throw badChoice(`the layers of the ${block} differ in shape, so they have no common mean`);
  }
  return layers;
}

/** Whether a measure that has one matrix for each head can be read of a layer. */
export function holds(run: StoredRun, { block, info, tensors }: StoredLayer, measure: ShownMeasure): boolean {
  if (isPerLayer(measure)) return false;
  if (!isLengthWeighted(measure)) return tensors.has(measure);
  return tensors.has("weights") && run.lengths.has(mixKey(measure, block, info.layer));
}

function coveredLayer(run: StoredRun, layer: StoredLayer, measure: ShownMeasure): Covered {
  if (!isLengthWeighted(measure)) return { tensor: tensorOf(layer, measure as Measure) };
  const lengths = run.lengths.get(mixKey(measure, layer.block, layer.info.layer));
  if (!lengths) throw notCaptured("values", layer.block, layer.info.layer, layer.info.missing);
  return { tensor: tensorOf(layer, "weights"), lengths: lengths.data };
}

/** One head's matrix of a measure: a view of what was captured, or a product of its own; never to be written to. */
export function headMatrix(
  run: StoredRun,
  layer: StoredLayer,
  head: number,
  measure: ShownMeasure,
): Float32Array {
  const { tensor, lengths } = coveredLayer(run, layer, measure);
  const cells = headOf(tensor, head);
  return lengths ? timesLengths(cells.slice(), lengths, head, tensor, 0, 1) : cells;
}

/** Cells of a head from `start`, `stride` apart, each times its key's length; in place. */
function timesLengths(
  cells: Float32Array,
  lengths: Float32Array,
  head: number,
  { dims }: Tensor,
  start: number,
  stride: number,
): Float32Array {
  const nKeys = dims[2] ?? 0;
  const first = head * nKeys;
  for (let i = 0; i < cells.length; i++) cells[i]! *= lengths[first + ((start + i * stride) % nKeys)]!;
  return cells;
}

/** Kept for as long as a person moves between a few of them. */
const KEPT_COMBINATIONS = 4;

/** The name under which a run keeps the mean or maximum over a choice's heads. */
export function combinedKey({ block, layer, head }: HeadChoice, measure: ShownMeasure): string {
  return [block, layer, head, measure].join(" ");
}

/** The whole matrix [nQueries, nKeys] of a choice: a view of one head, or the mean or maximum over many. */
export function matrixOf(run: StoredRun, choice: HeadChoice, measure: ShownMeasure): Tensor {
  if (isPerLayer(measure)) return mixedOf(run, measure, choice.block, choice.layer);
  const covered = coveredBy(run, choice, measure);
  const [, nQueries = 0, nKeys = 0] = covered[0]!.tensor.dims;
  const dims = [nQueries, nKeys];
  if (typeof choice.head === "number") {
    if (choice.layer === "all") throw badChoice("a single head needs a single layer");
    return {
      dims,
      data: headMatrix(run, layerOf(run, choice.block, choice.layer), choice.head, measure),
    };
  }
  const key = combinedKey(choice, measure);
  const data = run.combined.get(key) ?? combine(covered, choice.head, 0, nQueries * nKeys, 1);
  run.combined.delete(key);
  run.combined.set(key, data);
  for (const old of [...run.combined.keys()].slice(0, -KEPT_COMBINATIONS)) run.combined.delete(old);
  return { dims, data };
}

/** One row (all keys of a query) or column (all queries of a key) of a choice, as an exact copy. */
export function vectorOf(
  run: StoredRun,
  choice: HeadChoice,
  measure: ShownMeasure,
  axis: "query" | "key",
  index: number,
): Float32Array {
  if (isPerLayer(measure)) return mixedLine(run, measure, choice.block, choice.layer, { axis, index });
  const covered = coveredBy(run, choice, measure);
  const [, nQueries = 0, nKeys = 0] = covered[0]!.tensor.dims;
  const [limit, length, start, stride] =
    axis === "query" ? [nQueries, nKeys, index * nKeys, 1] : [nKeys, nQueries, index, nKeys];
  if (!Number.isInteger(index) || index < 0 || index >= limit) {
    throw badChoice(`there is no ${axis} ${index} among ${limit}`);
  }
  if (choice.head === "mean" || choice.head === "max") {
    const known = run.combined.get(combinedKey(choice, measure));
    if (known && stride === 1) return known.slice(start, start + length);
    if (known) return Float32Array.from({ length }, (_, i) => known[start + i * stride]!);
    return combine(covered, choice.head, start, length, stride);
  }
  if (choice.layer === "all") throw badChoice("a single head needs a single layer");
  const { tensor, lengths } = covered[0]!;
  const cells = cellsOf(tensor, choice.head, start, length, stride);
  return lengths ? timesLengths(cells, lengths, choice.head, tensor, start, stride) : cells;
}

/** Over all heads of the layers: the mean or maximum of `length` cells from `start`, `stride` apart in each head. */
function combine(
  layers: readonly Covered[],
  how: "mean" | "max",
  start: number,
  length: number,
  stride: number,
): Float32Array {
  const result = new Float32Array(length).fill(how === "mean" ? 0 : -Infinity);
  let count = 0;
  for (const { tensor, lengths } of layers) {
    const nHeads = tensor.dims[0] ?? 0;
    for (let head = 0; head < nHeads; head++, count++) {
      const cells = lengths
        ? timesLengths(cellsOf(tensor, head, start, length, stride), lengths, head, tensor, start, stride)
        : cellsInPlace(tensor, head, start, length, stride);
      if (how === "mean") for (let i = 0; i < length; i++) result[i]! += cells[i]!;
      else
        for (let i = 0; i < length; i++) {
          const value = cells[i]!;
          if (value > result[i]! || value !== value) result[i] = value;
        }
    }
  }
  if (how === "mean") for (let i = 0; i < length; i++) result[i]! /= count;
  return result;
}

/** Cells without a copy where a whole head is wanted. */
function cellsInPlace(tensor: Tensor, head: number, start: number, length: number, stride: number) {
  const [, rows = 0, columns = 0] = tensor.dims;
  if (!isHeadwise(tensor) && length === rows * columns) return headOf(tensor, head);
  return cellsOf(tensor, head, start, length, stride);
}
