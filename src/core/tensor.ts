/** One typed array and its shape, row-major (the last axis varies fastest). Never nested arrays. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A tensor over `data`; throws a RangeError when the lengths disagree. */
export function tensor(dims: readonly number[], data: Float32Array): Tensor {
  const length = elementCount(dims);
  if (data.length !== length) {
    throw new RangeError(`A tensor of shape [${dims.join(", ")}] has ${length} elements, not ${data.length}`);
  }
  return { dims, data };
}

/** Product of the dimensions; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
