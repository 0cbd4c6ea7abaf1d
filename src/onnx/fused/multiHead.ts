import type { Additions } from "../additions";
import type { FoundAttention, Place } from "../attention";
import type { NewAttribute } from "../append";
import type { Op, Value } from "../dataflow";
import { numberOf } from "../graph";
import type { Shapes } from "../shapes";
import { fusedFormula } from "./formula";
import type { FusedFormula } from "./formula";
import { floatInput, slice, softmaxOf, squareRootScale, unfoldHeads } from "./heads";
import { Recompute } from "./recompute";

/** Where an operator has its inputs behind query, key and value, and what makes it hand over its scores. */
interface Layout {
  readonly bias: number;
  readonly mask: number;
  readonly attentionBias: number;
  readonly pastKey: number;
  /** Says how many places of a shared cache are taken. */
  readonly pastLength?: number;
  readonly asking: readonly NewAttribute[];
}

/**
 * com.microsoft.MultiHeadAttention and DecoderMaskedMultiHeadAttention, which reads one token at a time; the fourth output
 * of both is the scores, scaled, biased and masked (ContribOperators.md of ONNX Runtime 1.23).
 */
const LAYOUTS: Readonly<Record<string, Layout>> = {
  MultiHeadAttention: { bias: 3, mask: 4, attentionBias: 5, pastKey: 6, asking: [] },
  DecoderMaskedMultiHeadAttention: {
    bias: 10,
    mask: 3,
    attentionBias: 4,
    pastKey: 5,
    pastLength: 7,
    asking: [{ name: "output_qk", int: 1 }],
  },
};

export function isMultiHead(opType: string): boolean {
  return Object.hasOwn(LAYOUTS, opType);
}

/** Attention of one of these operators. */
export function multiHeadAttention(op: Op, shapes: Shapes): FoundAttention | string {
  const layout = LAYOUTS[op.node.opType]!;
  const name = `com.microsoft.${op.node.opType}`;
  const [query, key] = op.inputs;
  const bias = op.inputs[layout.bias];
  const nHeads = numberOf(op.node, "num_heads");
  if (!query || !nHeads) return `${name} without a query or a number of heads`;
  const queryDims = shapes.dimsOf(query);
  if (!key || (queryDims && queryDims.length > 3)) {
    return `${name} with queries, keys and values packed into one tensor`;
  }
  const hidden = queryDims?.[2];
  const dHead = typeof hidden === "number" ? hidden / nHeads : undefined;
  const type = shapes.typeOf(outputOf(op));
  const scores = (to: Additions) =>
    to.toFloat(op.scope, to.copy(op, 3, layout.asking, type || "float32"), type);
  const hasPast = op.inputs[layout.pastKey] !== undefined;
  const projected = (index: number, part: number): Place | undefined => {
    const dims = op.inputs[index] && shapes.dimsOf(op.inputs[index]);
    if (dims?.length === 4)
      return { axes: ["b", "h", "p", "d"], make: (to) => floatInput(to, op, index) ?? "" };
    if (bias && typeof hidden !== "number") return undefined;
    const width = Number(hidden);
    return {
      axes: ["b", "p", "h", "d"],
      make: (to) => {
        let own = floatInput(to, op, index) ?? "";
        const biases = floatInput(to, op, layout.bias);
        if (biases) {
          const end = part === 2 ? Number.MAX_SAFE_INTEGER : (part + 1) * width;
          own = to.one(op.scope, "Add", [own, slice(to, op.scope, biases, 0, part * width, end)]);
        }
        return unfoldHeads(to, op.scope, own, nHeads);
      },
    };
  };
  const present = (index: number): Place => ({
    axes: ["b", "h", "p", "d"],
    make: (to) => filledPlaces(to, op, layout, to.toFloat(op.scope, to.output(op, index), type)),
  });
  const q = projected(0, 0);
  const k = hasPast ? present(1) : projected(1, 1);
  const v = hasPast ? present(2) : projected(2, 2);
  const scale = numberOf(op.node, "scale") || squareRootScale(dHead);
  const isCausal = numberOf(op.node, "unidirectional") === 1;
  return {
    pattern: name,
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
    biases: [op.inputs[layout.mask], op.inputs[layout.attentionBias]].filter((value) => value !== undefined),
    formula: fusedFormula(op, {
      scale,
      bias: layout.attentionBias,
      mask: layout.mask,
      maskForm: maskForm(op.inputs[layout.mask], shapes),
      ...(isCausal && { causal: "last" }),
    }),
    isCausal,
    hasPast,
    notes: [],
  };
}

/** The key padding mask: lengths [b] (or more lists of them), [b, k], or [b, q, k]. */
function maskForm(mask: Value | undefined, shapes: Shapes): FusedFormula["maskForm"] {
  const rank = mask && shapes.dimsOf(mask)?.length;
  return rank === 1 ? "ends" : rank === 3 ? "queries and keys" : "keys";
}

/** Of a cache that is longer than what it holds: the places of before and the new one. */
function filledPlaces(to: Additions, op: Op, { pastLength }: Layout, present: string): string {
  const length = pastLength === undefined ? undefined : op.inputs[pastLength];
  if (!length || numberOf(op.node, "past_present_share_buffer") !== 1) return present;
  const add = new Recompute(to, op.scope);
  const before = add.node("Reshape", [add.cast(length.name, 7), add.ints(1)]);
  const end = add.node("Add", [before, add.ints(1)]);
  return add.node("Slice", [present, add.ints(0), end, add.ints(2)]);
}

export function outputOf(op: Op): Op["outputs"][number] {
  const output = op.outputs[0];
  if (!output) throw new Error("a node without outputs");
  return output;
}
