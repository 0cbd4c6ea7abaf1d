import { storedNumbers } from "./constants";
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
  /** Score of one more column, which belongs to no key: "unknown" where the graph does not say it as a number. */
  readonly sink?: number | "unknown";
}

/** The softmax that ends in this operation: a Softmax, exp(LogSoftmax(x)), or exp(x) / sum(exp(x)) spelled out. */
export function softmaxAt(op: Op): SoftmaxPlace | undefined {
  const [input] = op.inputs;
  const [output] = op.outputs;
  if (!input || !output || !isStandard(op.node)) return undefined;
  switch (op.node.opType) {
    case "Softmax":
      return { op, input, output, axis: numberOf(op.node, "axis") };
    case "Exp": {
      const logarithm = input.producer;
      const scores = logarithm?.node.opType === "LogSoftmax" ? logarithm.inputs[0] : undefined;
      return scores && { op, input: scores, output, axis: numberOf(logarithm!.node, "axis") };
    }
    case "Div":
      return spelledOut(op, output);
  }
  return undefined;
}

/** What is taken off the scores before exp, so that none overflows: the largest of the row, or 0 where that is more. */
export function isRowMaximum(value: Value | undefined): boolean {
  let at = value?.producer;
  for (let step = 0; at && step < 4; step++) {
    if (at.node.opType === "ReduceMax") return true;
    if (!["Clip", "Relu", "Max", "Cast", "Identity"].includes(at.node.opType)) return false;
    at = at.inputs[0]?.producer;
  }
  return false;
}

function spelledOut(op: Op, output: Value): SoftmaxPlace | undefined {
  const [exponents, total] = op.inputs.map((value) => value?.producer);
  if (exponents?.node.opType !== "Exp") return undefined;
  const isSumOf = (value: Value | undefined) =>
    value?.producer?.node.opType === "ReduceSum" && value.producer.inputs[0] === exponents.outputs[0];
  const sum = total?.node.opType === "Add" ? total.inputs.find(isSumOf) : op.inputs[1];
  if (!isSumOf(sum)) return undefined;
  const more = total?.node.opType === "Add" ? total.inputs.find((value) => value !== sum) : undefined;
  const shifted = exponents.inputs[0];
  const difference = shifted?.producer;
  const isShifted = difference?.node.opType === "Sub" && isRowMaximum(difference.inputs[1]);
  const input = isShifted ? difference.inputs[0] : shifted;
  const sink = more && sinkOf(more, isShifted);
  return input && { op, input, output, axis: -1, ...(sink !== undefined && { sink }) };
}

/** What is added to the sum of exponents, as a score: exp(-maximum) is that of 0; a tiny number only keeps from dividing by 0. */
function sinkOf(more: Value, isShifted: boolean): number | "unknown" | undefined {
  const exponent = more.producer?.node.opType === "Exp" ? more.producer.inputs[0]?.producer : undefined;
  if (isShifted && exponent?.node.opType === "Neg" && isRowMaximum(exponent.inputs[0])) return 0;
  const [number] = storedNumbers(more) ?? [];
  if (number === undefined) return "unknown";
  if (number < TINY) return undefined;
  return isShifted ? "unknown" : Math.log(number);
}

const TINY = 1e-5;
