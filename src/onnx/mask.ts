import type { FoundAttention } from "./attention";
import type { Value } from "./dataflow";
import type { Known } from "./findAttention";

/** What a mask is made of, by dataflow: "causal", "padding", "causal + padding", "none", or "read from the run". */
export function maskKind(attention: FoundAttention, known: Known): string {
  if (!attention.biases.length) return "none";
  const parts = new Set<string>();
  for (const bias of attention.biases) for (const part of madeOf(bias, known)) parts.add(part);
  return parts.size ? [...parts].sort().join(" + ") : "read from the run";
}

const COMPARES = new Set(["Less", "LessOrEqual", "Greater", "GreaterOrEqual"]);
const MOST_VISITED = 500;

function madeOf(bias: Value, known: Known): string[] {
  const parts: string[] = [];
  const seen = new Set<Value>([bias]);
  const open = [bias];
  let isOrdered = false;
  for (let value = open.pop(); value && seen.size < MOST_VISITED; value = open.pop()) {
    const op = value.producer;
    if (value.inputIndex >= 0) parts.push("padding");
    if (!op || op.node.opType === "Shape") continue;
    if (op.node.opType === "Trilu") isOrdered = true;
    if (COMPARES.has(op.node.opType) && op.inputs.every((input) => input && comesFromRange(input, known))) {
      isOrdered = true;
    }
    for (const input of op.inputs) {
      if (input && !seen.has(input)) {
        seen.add(input);
        open.push(input);
      }
    }
  }
  if (isOrdered) parts.push("causal");
  return parts;
}

/** Whether a value counts positions: a Range, a running sum, or position ids, shifted or reshaped. */
function comesFromRange(value: Value, known: Known): boolean {
  let at: Value | undefined = value;
  for (let step = 0; at && step < 12; step++) {
    const op: Value["producer"] = at.producer;
    if (!op) return false;
    if (op.node.opType === "Range" || op.node.opType === "CumSum") return true;
    at = op.inputs.find((input) => input && !known.origins.isConstant(input));
  }
  return false;
}
