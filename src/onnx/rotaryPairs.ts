import type { RopePairs } from "../core/positions/rope";
import type { FoundAttention } from "./attention";
import type { Op, Value } from "./dataflow";
import { storedNumbers } from "./constants";
import { numberOf } from "./graph";
import type { Known } from "./known";
import { beforeProjection } from "./positionsInAttention";

/**
 * Which dimensions a rotation turns together, read from how the queries are taken apart before it: into their two halves
 * (GPT-NeoX, Llama in Hugging Face's layout) or into even and odd ones (GPT-J; Su et al. 2021, eq. 34). Undefined where
 * the graph does not show it.
 */
export function rotaryPairs(found: readonly FoundAttention[], known: Known): RopePairs | undefined {
  for (const { op, queriesFrom } of found) {
    const ops = beforeProjection(queriesFrom);
    const inside = numberOf(op.node, "do_rotary") === 1 ? numberOf(op.node, "rotary_interleaved") : undefined;
    if (numberOf(op.node, "do_rotary") === 1) return inside === 1 ? "neighbours" : "halves";
    const fused = ops.find(({ node }) => node.opType === "RotaryEmbedding");
    if (fused) return numberOf(fused.node, "interleaved") === 1 ? "neighbours" : "halves";
    for (const each of ops) {
      // What is turned by -sin is one of the two parts; a Neg or the right side of a Sub.
      const part =
        each.node.opType === "Neg" ? each.inputs[0] : each.node.opType === "Sub" ? each.inputs[1] : undefined;
      const pairs = part && pairsOfPart(part, known);
      if (pairs) return pairs;
    }
  }
  return undefined;
}

const PASSES = new Set(["Mul", "Cast", "Identity", "Unsqueeze", "Squeeze", "Reshape"]);
const FARTHEST = 6;

/** How a part of the queries was cut out of the whole. */
function pairsOfPart(part: Value, known: Known): RopePairs | undefined {
  let open: Value[] = [part];
  for (let step = 0; step < FARTHEST; step++) {
    const next: Value[] = [];
    for (const value of open) {
      const op = value.producer;
      if (!op) continue;
      const cut = pairsOfCut(op, known);
      if (cut) return cut;
      if (!PASSES.has(op.node.opType)) continue;
      next.push(...op.inputs.filter((input) => input !== undefined).filter(known.origins.isData));
    }
    open = next;
  }
  return undefined;
}

function pairsOfCut(op: Op, { shapes }: Known): RopePairs | undefined {
  const [input] = op.inputs;
  const last = input && shapes.dimsOf(input)?.at(-1);
  const rank = (input && shapes.dimsOf(input)?.length) ?? 0;
  switch (op.node.opType) {
    case "Slice": {
      if (last === 2 && rank > 4) return "neighbours";
      const steps = op.inputs[4] ? storedNumbers(op.inputs[4]) : [1];
      return steps?.includes(2) ? "neighbours" : steps?.every((step) => step === 1) ? "halves" : undefined;
    }
    case "Split":
      return last === 2 ? "neighbours" : "halves";
    case "Gather": {
      const axis = numberOf(op.node, "axis") ?? 0;
      return last === 2 && (axis === -1 || axis === rank - 1) ? "neighbours" : undefined;
    }
  }
  return undefined;
}
