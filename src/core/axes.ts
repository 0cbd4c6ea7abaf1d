import { elementCount, tensor, type Tensor } from "./tensor";

/**
 * The tensor with its named axes in the order wanted; axes in one group are merged into one, the last fastest.
 * An axis that is not there counts as 1; one that is not wanted must be 1 long. Nothing is copied when only
 * axes of length 1 move.
 */
export function arrangeAxes(
  data: Float32Array,
  dims: readonly number[],
  axes: readonly string[],
  wanted: readonly (readonly string[])[],
): Tensor {
  if (dims.length !== axes.length) {
    throw new RangeError(`A tensor of shape [${dims.join(", ")}] does not have the axes ${axes.join(", ")}`);
  }
  const order = wanted.flat();
  const dropped = axes.filter((axis, i) => !order.includes(axis) && dims[i] !== 1);
  if (dropped.length > 0) {
    throw new RangeError(`Axis ${dropped.join(", ")} of shape [${dims.join(", ")}] is not 1 long`);
  }
  const lengthOf = (axis: string) => dims[axes.indexOf(axis)] ?? 1;
  const arranged = wanted.map((group) => elementCount(group.map(lengthOf)));
  const lengths = order.map(lengthOf);
  const strides = order.map((axis) => elementCount(dims.slice(axes.indexOf(axis) + 1)));
  const moving = strides.filter((_, i) => lengths[i] !== 1);
  if (moving.every((stride, i) => i === 0 || stride <= moving[i - 1]!)) return tensor(arranged, data);
  return tensor(arranged, copyByStrides(data, lengths, strides));
}

function copyByStrides(data: Float32Array, lengths: number[], strides: number[]): Float32Array {
  const copy = new Float32Array(elementCount(lengths));
  const inner = lengths.at(-1) ?? 1;
  const innerStride = strides.at(-1) ?? 1;
  const index = new Array<number>(Math.max(0, lengths.length - 1)).fill(0);
  for (let at = 0; at < copy.length; at += inner) {
    let from = 0;
    for (let axis = 0; axis < index.length; axis++) from += index[axis]! * strides[axis]!;
    for (let i = 0; i < inner; i++) copy[at + i] = data[from + i * innerStride]!;
    for (let axis = index.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < lengths[axis]!) break;
      index[axis] = 0;
    }
  }
  return copy;
}
