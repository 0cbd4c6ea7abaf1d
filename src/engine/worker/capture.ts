import { arrangeAxes } from "../../core/axes";
import { unexpectedShape } from "../../core/errors";
import { fromFloat16 } from "../../core/float16";
import type { HeadVectors, Measure } from "../../core/run";
import type { Tensor } from "../../core/tensor";
import type { CapturedOutput } from "../../onnx/instrumented";
import type { RuntimeTensor } from "../runtime";

/**
 * A captured tensor in the store's axes: measures [head, query, key], vectors [head, position, dHead]. Key heads and
 * the query heads they serve are unfolded in order. The runtime's own memory is used where the order allows it.
 */
export function unfold(captured: CapturedOutput, output: RuntimeTensor): Tensor {
  const data = asFloat32(output, captured.name);
  const { dims, axes } = unfoldBatch(captured, output.dims);
  const rest = isMeasure(captured.what) ? [["q"], ["k"]] : [["p"], ["d"]];
  try {
    return arrangeAxes(data, dims, axes, [["h", "g"], ...rest]);
  } catch (error) {
    throw unexpectedShape(captured.name, error instanceof Error ? error.message : String(error));
  }
}

export function isMeasure(what: Measure | HeadVectors): what is Measure {
  return what === "weights" || what === "scores";
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
