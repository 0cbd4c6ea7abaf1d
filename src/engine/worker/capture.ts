import { arrangeAxes } from "../../core/axes";
import { unexpectedShape } from "../../core/errors";
import { fromFloat16 } from "../../core/float16";
import type { LayerTensor, Measure } from "../../core/run";
import { elementCount, tensor, type Tensor } from "../../core/tensor";
import { isAdditivePart, isProjectionPart, type CapturedOutput } from "../../onnx/instrumented";
import type { RuntimeTensor } from "../runtime";

/**
 * A captured tensor in the store's axes: measures [head, query, key], vectors [head, position, dHead]. Key heads and
 * the query heads they serve are unfolded in order; each window of an image counts as further heads, the first window's
 * first. Of a batch of `nBatch` only the first is taken. The runtime's own memory is used where the order allows it.
 */
export function unfold(captured: CapturedOutput, output: RuntimeTensor, nBatch = 1): Tensor {
  if (isProjectionPart(captured.what) || isAdditivePart(captured.what))
    return asMatrix(captured, output, nBatch);
  const rest = isMeasure(captured.what) ? [["q"], ["k"]] : [["p"], ["d"]];
  try {
    const { data, dims, axes } = firstOfBatch(captured, output, nBatch);
    return arrangeAxes(data, dims, axes, [["w", "h", "g"], ...rest]);
  } catch (error) {
    throw unexpectedShape(captured.name, error instanceof Error ? error.message : String(error));
  }
}

export function isMeasure(what: LayerTensor): what is Measure {
  return what === "weights" || what === "scores";
}

/** [positions or rows, last axis]; of one batch all axes before the last count positions. A bias has one row. */
function asMatrix({ name }: CapturedOutput, output: RuntimeTensor, nBatch: number): Tensor {
  const { dims } = output;
  const isBatch = nBatch > 1 && dims.length > 2 && dims[0] === nBatch;
  const data = firstAlong(asFloat32(output, name), dims, 0, isBatch ? 1 : (dims[0] ?? 1));
  const width = dims.at(-1) ?? data.length;
  return tensor([width === 0 ? 0 : data.length / width, width], data);
}

/** One batch's part: what is left of its axis are windows, and of "bh" heads. */
function firstOfBatch({ axes, name }: CapturedOutput, output: RuntimeTensor, nBatch: number) {
  const data = asFloat32(output, name);
  const at = axes.findIndex((axis) => axis === "b" || axis === "bh");
  const size = output.dims[at] ?? 1;
  const nOwn = nBatch > 1 && size % nBatch === 0 ? size / nBatch : size;
  const dims = output.dims.map((dim, axis) => (axis === at ? nOwn : dim));
  const isWindowed = axes[at] === "b" && !axes.includes("w");
  const named = axes.map((axis) => (axis === "bh" ? "h" : axis === "b" && isWindowed ? "w" : axis));
  return { data: firstAlong(data, output.dims, at, nOwn), dims, axes: named };
}

/** The first `length` entries along one axis. */
function firstAlong(data: Float32Array, dims: readonly number[], axis: number, length: number): Float32Array {
  const size = dims[axis] ?? length;
  if (size === length) return data;
  const inner = elementCount(dims.slice(axis + 1));
  const outer = elementCount(dims.slice(0, axis));
  if (outer === 1) return data.subarray(0, length * inner);
  const part = new Float32Array(outer * length * inner);
  for (let at = 0; at < outer; at++) {
    const from = at * size * inner;
    part.set(data.subarray(from, from + length * inner), at * length * inner);
  }
  return part;
}

/** The numbers of a float tensor; float16 is widened, exactly. */
export function asFloat32({ type, data }: RuntimeTensor, name: string): Float32Array {
  if (data instanceof Float32Array) return data;
  if (type === "float16" && data instanceof Uint16Array) return fromFloat16(data);
  // Node 24 and newer browsers give float16 tensors as Float16Array.
  if (type === "float16" || data instanceof Float64Array) {
    return Float32Array.from(data as unknown as ArrayLike<number>);
  }
  throw unexpectedShape(name, `it is of type ${type}`);
}
