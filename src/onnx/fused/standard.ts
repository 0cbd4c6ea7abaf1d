import type { Additions } from "../additions";
import type { NewAttribute } from "../append";
import type { FoundAttention, Place } from "../attention";
import type { Op, Value } from "../dataflow";
import { numberOf } from "../graph";
import type { Formula } from "../scoreSteps";
import type { Shapes } from "../shapes";
import { fusedFormula } from "./formula";
import { floatInput, squareRootScale, unfoldHeads } from "./heads";
import { outputOf } from "./multiHead";

/**
 * ai.onnx Attention (opset 23, 24): inputs Q, K, V, attn_mask, past_key, past_value, nonpad_kv_seqlen; its fourth output
 * is the product, and qk_matmul_output_mode says of which stage: in ONNX Runtime 1.23 mode 2 is the masked scores, mode 3
 * the weights (measured on the conformance cases).
 */
export function standardAttention(op: Op, shapes: Shapes): FoundAttention | string {
  const [query, key, value] = op.inputs;
  if (!query || !key || !value) return "ai.onnx Attention without query, key or value";
  const rank = shapes.dimsOf(query)?.length ?? (numberOf(op.node, "q_num_heads") ? 3 : 4);
  const headsOf = (input: Value, attribute: string): number | undefined => {
    const dim = shapes.dimsOf(input)?.[1];
    return numberOf(op.node, attribute) ?? (rank === 4 && typeof dim === "number" ? dim : undefined);
  };
  const nHeads = headsOf(query, "q_num_heads");
  const nKeyHeads = headsOf(key, "kv_num_heads");
  const lastDim = shapes.dimsOf(query)?.at(-1);
  const dHead =
    typeof lastDim !== "number" ? undefined : rank === 4 ? lastDim : nHeads ? lastDim / nHeads : undefined;
  const scale = numberOf(op.node, "scale") ?? squareRootScale(dHead);
  const softcap = numberOf(op.node, "softcap");
  return {
    pattern: "ai.onnx.Attention",
    op,
    queriesFrom: query,
    keysFrom: key,
    weights: { axes: ["b", "h", "q", "k"], make: (to) => stage(op, to, 3, shapes) },
    scores: { axes: ["b", "h", "q", "k"], make: (to) => stage(op, to, 2, shapes) },
    ...headsPlace("q", op, 0, rank, nHeads),
    ...(op.inputs[4] ? presentPlaces(op, shapes) : headsPlace("k", op, 1, rank, nKeyHeads)),
    ...(op.inputs[4] ? {} : headsPlace("v", op, 2, rank, nKeyHeads)),
    ...(rank === 4
      ? { output: { axes: ["b", "h", "p", "d"], value: outputOf(op) } }
      : nHeads
        ? {
            output: {
              axes: ["b", "p", "h", "d"],
              make: (to: Additions) => unfoldHeads(to, op.scope, to.asFloat(outputOf(op)), nHeads),
            },
          }
        : {}),
    ...(nHeads && { nHeads }),
    ...(nKeyHeads && { nKeyHeads }),
    ...(dHead && { dHead }),
    ...(scale && { productScale: scale }),
    ...(softcap && { softcap }),
    biases: [op.inputs[3], op.inputs[6]].filter((input) => input !== undefined),
    formula: standardFormula(op, scale, softcap, shapes),
    isCausal: numberOf(op.node, "is_causal") === 1,
    notes: [],
  };
}

/** Scale, soft cap, mask, order, softmax, in this order (measured on the conformance cases). */
function standardFormula(
  op: Op,
  scale: number | undefined,
  softcap: number | undefined,
  shapes: Shapes,
): Formula {
  const [mask, past, lengths] = [op.inputs[3], op.inputs[4], op.inputs[6]];
  const causal = numberOf(op.node, "is_causal") === 1;
  const formula = fusedFormula(op, { scale, ...(softcap && { softcap }), bias: -1 });
  if (typeof formula === "string") return formula;
  const steps = formula.slice(0, -1);
  if (mask) {
    const term = { value: mask, axes: ["b", "h", "q", "k"] };
    if (shapes.typeOf(mask) === "bool")
      steps.push({ kind: "select", where: term, keepsZero: false, other: Number.NEGATIVE_INFINITY });
    else steps.push({ kind: "add", term });
  }
  const length = lengths && { value: lengths, axes: ["b"] };
  if (length) steps.push({ kind: "end", at: length, value: Number.NEGATIVE_INFINITY });
  if (causal) steps.push({ kind: "causal", level: length ?? (past ? "last" : "first") });
  return [...steps, { kind: "softmax" }];
}

/** The fourth output where it is free or says this stage already; else that of a copy of the node. */
function stage(op: Op, to: Additions, mode: number, shapes: Shapes): string {
  const current = numberOf(op.node, "qk_matmul_output_mode") ?? 0;
  const isTaken = op.node.outputs[3] ? current !== mode : mode !== 3;
  const attribute: NewAttribute = { name: "qk_matmul_output_mode", int: mode };
  const name = isTaken
    ? to.copy(op, 3, [attribute])
    : to.output(op, 3, op.node.outputs[3] ? [] : [attribute]);
  return to.toFloat(op.scope, name, shapes.typeOf(outputOf(op)));
}

function headsPlace(
  what: "q" | "k" | "v",
  op: Op,
  index: number,
  rank: number,
  nHeads: number | undefined,
): Partial<Record<"q" | "k" | "v", Place>> {
  const value = op.inputs[index];
  if (!value) return {};
  if (rank === 4) return { [what]: { axes: ["b", "h", "p", "d"], value } };
  if (!nHeads) return {};
  const make = (to: Additions) => unfoldHeads(to, op.scope, floatInput(to, op, index) ?? "", nHeads);
  return { [what]: { axes: ["b", "p", "h", "d"], make } };
}

function presentPlaces(op: Op, shapes: Shapes): { k: Place; v: Place } {
  const place = (index: number): Place => ({
    axes: ["b", "h", "p", "d"],
    make: (to) => to.toFloat(op.scope, to.output(op, index), shapes.typeOf(outputOf(op))),
  });
  return { k: place(1), v: place(2) };
}
