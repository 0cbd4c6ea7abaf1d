import type { Additions } from "../additions";
import type { Op, Scope } from "../dataflow";

/** The name of an input of a node as float32; undefined where it is left out. */
export function floatInput(to: Additions, op: Op, index: number): string | undefined {
  const value = op.inputs[index];
  return value && to.asFloat(value);
}

/** [b, p, heads x d] -> [b, p, heads, d] */
export function unfoldHeads(to: Additions, scope: Scope, name: string, nHeads: number): string {
  const shape = to.constant(scope, { type: "int64", dims: [4], numbers: [0, 0, nHeads, -1] });
  return to.one(scope, "Reshape", [name, shape]);
}

/** Elements [start, end) of one axis. */
export function slice(
  to: Additions,
  scope: Scope,
  name: string,
  axis: number,
  start: number,
  end: number,
): string {
  const at = (number: number) => to.constant(scope, { type: "int64", dims: [1], numbers: [number] });
  return to.one(scope, "Slice", [name, at(start), at(end), at(axis)]);
}

export function softmaxOf(to: Additions, scope: Scope, name: string): string {
  // Axis 3 of rank 4 means the last one in every opset.
  return to.one(scope, "Softmax", [name], [{ name: "axis", int: 3 }]);
}

export function squareRootScale(dHead: number | undefined): number | undefined {
  return dHead ? 1 / Math.sqrt(dHead) : undefined;
}
