import { arrangeAxes } from "../../core/axes";
import { unexpectedShape } from "../../core/errors";
import { fromFloat16 } from "../../core/float16";
import type { LayerTensor, Measure } from "../../core/run";
import { tensor, type Tensor } from "../../core/tensor";
import { isProjectionPart, type CapturedOutput } from "../../onnx/instrumented";
import type { RuntimeTensor } from "../runtime";

/**
 * A captured tensor in the store's axes: measures [head, query, key], vectors [head, position, dHead]. Key heads and
 * the query heads they serve are unfolded in order. The runtime's own memory is used where the order allows it.
 */
export function unfold(captured: CapturedOutput, output: RuntimeTensor): Tensor {
  const data = asFloat32(output, captured.name);
  if (isProjectionPart(captured.what)) return asMatrix(data, output.dims);
  const { dims, axes } = unfoldBatch(captured, output.dims);
  const rest = isMeasure(captured.what) ? [["q"], ["k"]] : [["p"], ["d"]];
  try {
    return arrangeAxes(data, dims, axes, [["h", "g"], ...rest]);
  } catch (error) {
    throw unexpectedShape(captured.name, error instanceof Error ? error.message : String(error));
  }
}

export function isMeasure(what: LayerTensor): what is Measure {
  return what === "weights" || what === "scores";
}

/** [positions or rows, last axis]; of one batch all axes before the last count positions. A bias has one row. */
function asMatrix(data: Float32Array, dims: readonly number[]): Tensor {
  const width = dims.at(-1) ?? data.length;
  return tensor([width === 0 ? 0 : data.length / width, width], data);
}

/** Axes of one batch: "bh" is then the heads alone. */
function unfoldBatch(captured: CapturedOutput, dims: readonly number[]) {
  return { dims, axes: captured.axes.map((axis) => (axis === "bh" ? "h" : axis)) };
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
