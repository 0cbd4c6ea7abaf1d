import type { Op, Value } from "./dataflow";
import { isStandard, numberOf } from "./graph";

/** A softmax, whatever operators compute it. */
export interface SoftmaxPlace {
  /** The operation that makes the weights. */
  readonly op: Op;
  readonly input: Value;
  readonly output: Value;
  /** As stated; the default depends on the opset. */
  readonly axis: number | undefined;
}

/** The softmax that ends in this operation: a Softmax, or exp(x) / sum(exp(x)) spelled out. */
export function softmaxAt(op: Op): SoftmaxPlace | undefined {
  const [input] = op.inputs;
  const [output] = op.outputs;
  if (!input || !output) return undefined;
  if (isStandard(op.node) && op.node.opType === "Softmax") {
    return { op, input, output, axis: numberOf(op.node, "axis") };
  }
  if (isStandard(op.node) && op.node.opType === "Div") return spelledOut(op, output);
  return undefined;
}

function spelledOut(op: Op, output: Value): SoftmaxPlace | undefined {
  const [exponents, total] = op.inputs.map((value) => value?.producer);
  if (exponents?.node.opType !== "Exp") return undefined;
  const sum = total?.node.opType === "Add" ? total.inputs.find(isSum)?.producer : total;
  if (sum?.node.opType !== "ReduceSum" || sum.inputs[0] !== exponents.outputs[0]) return undefined;
  const shifted = exponents.inputs[0];
  const difference = shifted?.producer;
  const isShifted =
    difference?.node.opType === "Sub" && difference.inputs[1]?.producer?.node.opType === "ReduceMax";
  const input = isShifted ? difference.inputs[0] : shifted;
  return input && { op, input, output, axis: -1 };
}

function isSum(value: Value | undefined): boolean {
  return value?.producer?.node.opType === "ReduceSum";
}
