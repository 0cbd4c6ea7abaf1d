import type { Additions } from "../additions";
import type { FoundAttention, Place } from "../attention";
import type { Op } from "../dataflow";
import { numberOf } from "../graph";
import type { Shapes } from "../shapes";
import { fusedFormula } from "./formula";
import type { FusedFormula } from "./formula";
import { floatInput, slice, softmaxOf, squareRootScale, unfoldHeads } from "./heads";

/**
 * com.microsoft.MultiHeadAttention: inputs query, key, value, bias, key_padding_mask, attention_bias, past_key,
 * past_value; its fourth output is the scores, scaled, biased and masked (ContribOperators.md of ONNX Runtime 1.23).
 */
export function multiHeadAttention(op: Op, shapes: Shapes): FoundAttention | string {
  const [query, key, , bias] = op.inputs;
  const nHeads = numberOf(op.node, "num_heads");
  if (!query || !nHeads) return "com.microsoft.MultiHeadAttention without a query or a number of heads";
  const queryDims = shapes.dimsOf(query);
  if (!key || (queryDims && queryDims.length > 3)) {
    return "com.microsoft.MultiHeadAttention with queries, keys and values packed into one tensor";
  }
  const hidden = queryDims?.[2];
  const dHead = typeof hidden === "number" ? hidden / nHeads : undefined;
  const type = shapes.typeOf(outputOf(op));
  const scores = (to: Additions) => to.toFloat(op.scope, to.copy(op, 3, [], type || "float32"), type);
  const hasPast = op.inputs[6] !== undefined;
  const projected = (index: number, part: number): Place | undefined => {
    const dims = op.inputs[index] && shapes.dimsOf(op.inputs[index]);
    if (dims?.length === 4)
      return { axes: ["b", "h", "p", "d"], make: (to) => floatInput(to, op, index) ?? "" };
    if (bias && typeof hidden !== "number") return undefined;
    const width = Number(hidden);
    return {
      axes: ["b", "p", "h", "d"],
      make: (to) => {
        let name = floatInput(to, op, index) ?? "";
        const biases = floatInput(to, op, 3);
        if (biases) {
          const end = part === 2 ? Number.MAX_SAFE_INTEGER : (part + 1) * width;
          name = to.one(op.scope, "Add", [name, slice(to, op.scope, biases, 0, part * width, end)]);
        }
        return unfoldHeads(to, op.scope, name, nHeads);
      },
    };
  };
  const present = (index: number): Place => ({
    axes: ["b", "h", "p", "d"],
    make: (to) => to.toFloat(op.scope, to.output(op, index), type),
  });
  const q = projected(0, 0);
  const k = hasPast ? present(1) : projected(1, 1);
  const v = hasPast ? present(2) : projected(2, 2);
  const scale = numberOf(op.node, "scale") || squareRootScale(dHead);
  const isCausal = numberOf(op.node, "unidirectional") === 1;
  return {
    pattern: "com.microsoft.MultiHeadAttention",
    op,
    queriesFrom: query,
    keysFrom: key,
    weights: {
      axes: ["b", "h", "q", "k"],
      make: (to) => softmaxOf(to, op.scope, scores(to)),
    },
    scores: { axes: ["b", "h", "q", "k"], make: scores },
    ...(q && { q }),
    ...(k && { k }),
    ...(v && { v }),
    output: {
      axes: ["b", "p", "h", "d"],
      make: (to) => unfoldHeads(to, op.scope, to.asFloat(outputOf(op)), nHeads),
    },
    nHeads,
    nKeyHeads: nHeads,
    ...(dHead && { dHead }),
    ...(scale && { productScale: scale }),
    biases: [op.inputs[4], op.inputs[5]].filter((value) => value !== undefined),
    formula: fusedFormula(op, {
      scale,
      bias: 5,
      mask: 4,
      maskForm: maskForm(op, shapes),
      ...(isCausal && { causal: "last" }),
    }),
    isCausal,
    hasPast,
    notes: [],
  };
}

/** The key padding mask: lengths [b] (or more lists of them), [b, k], or [b, q, k]. */
function maskForm(op: Op, shapes: Shapes): FusedFormula["maskForm"] {
  const rank = op.inputs[4] && shapes.dimsOf(op.inputs[4])?.length;
  return rank === 1 ? "ends" : rank === 3 ? "queries and keys" : "keys";
}

export function outputOf(op: Op): Op["outputs"][number] {
  const output = op.outputs[0];
  if (!output) throw new Error("a node without outputs");
  return output;
}
