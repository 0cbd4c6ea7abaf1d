import type { Op, Value } from "./dataflow";

/**
 * com.microsoft's sum and norm in one operation: [input, skip, gain, …] -> [normed, mean, deviation, sum]; so the
 * runtime's optimiser and model builders write a residual stream.
 */
const SKIP_NORM = /^Skip(Simplified)?LayerNormalization$/;
const SUM = 3;
/** Operations that give a state and its norm side by side. */
const FUSED_NORM = /^(Skip|Embed)(Simplified)?LayerNormalization$/;

export function isSkipNorm({ node }: Op): boolean {
  return SKIP_NORM.test(node.opType);
}

/** The bias that it adds along with the skip, if any. */
export function biasOfSkipNorm({ node, inputs }: Op): Value | undefined {
  return inputs[node.opType === "SkipLayerNormalization" ? 4 : 3];
}

/** What it multiplies and shifts the norm by. */
export function gainsOfSkipNorm({ node }: Op): readonly string[] {
  return node.inputs.slice(2, node.opType === "SkipLayerNormalization" ? 4 : 3);
}

/** The sum, where the model asks for it. */
export function sumOfSkipNorm(op: Op): Value | undefined {
  return op.node.outputs[SUM] ? op.outputs[SUM] : undefined;
}

/** Whether a value is a state of the stream, or its norm that one operation makes along with it. */
export function isOrNormOf(value: Value, state: Value): boolean {
  if (value === state) return true;
  const { producer } = state;
  return producer !== undefined && value.producer === producer && FUSED_NORM.test(producer.node.opType);
}
