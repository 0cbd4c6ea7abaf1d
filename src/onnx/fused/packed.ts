import type { Additions } from "../additions";
import type { FoundAttention, Place } from "../attention";
import { storedTensor } from "../constants";
import type { Op } from "../dataflow";
import { numberOf, numbersOf } from "../graph";
import type { Shapes } from "../shapes";
import { fusedFormula } from "./formula";
import { floatInput, slice, softmaxOf, unfoldHeads } from "./heads";
import { outputOf } from "./multiHead";
import { LOWEST_FLOAT, Recompute } from "./recompute";

/** Where com.microsoft.Attention and QAttention have their inputs (ContribOperators.md of ONNX Runtime 1.23). */
interface Layout {
  readonly mask: number;
  readonly past: number;
  readonly bias: number;
  readonly isQuantised: boolean;
}

const ATTENTION: Layout = { mask: 3, past: 4, bias: 5, isQuantised: false };
const QATTENTION: Layout = { mask: 5, past: 8, bias: -1, isQuantised: true };

/** Attention whose projection is inside and whose weights never come out: recomputed by appended nodes. */
export function packedAttention(op: Op, shapes: Shapes, opset: number): FoundAttention | string {
  const layout = op.node.opType === "QAttention" ? QATTENTION : ATTENTION;
  const name = `com.microsoft.${op.node.opType}`;
  const [input, weight] = op.inputs;
  const nHeads = numberOf(op.node, "num_heads");
  const width = weight && (storedTensor(weight)?.dims[1] ?? shapes.dimsOf(weight)?.[1]);
  if (opset < 11) return `${name} in a model of opset ${opset}: recomputing it takes opset 11`;
  if (!input || !weight || !nHeads || typeof width !== "number")
    return `${name} whose projection has no known size`;
  if (numberOf(op.node, "do_rotary")) return `${name} with rotary positions inside`;
  const sizes = numbersOf(op.node, "qkv_hidden_sizes") ?? [width / 3, width / 3, width / 3];
  const [queryWidth = 0, keyWidth = 0] = sizes;
  const dHead = queryWidth / nHeads;
  const mask = maskForm(op, layout, shapes);
  if (mask === "unknown") return `${name} with a mask whose form is not known before the run`;
  const scale = numberOf(op.node, "scale") || 1 / Math.sqrt(dHead);
  const isCausal = numberOf(op.node, "unidirectional") === 1;
  const starts = [0, queryWidth, queryWidth + keyWidth];
  const ends = [queryWidth, queryWidth + keyWidth, Number.MAX_SAFE_INTEGER];

  const heads = (to: Additions, part: number): string =>
    to.once(op.scope, `heads:${op.order}:${part}`, () => {
      const add = new Recompute(to, op.scope);
      const projected = to.once(op.scope, `projected:${op.order}`, () => project(op, layout, to, add));
      const own = slice(to, op.scope, projected, 2, starts[part] ?? 0, ends[part] ?? 0);
      const split = add.transpose(unfoldHeads(to, op.scope, own, nHeads), 0, 2, 1, 3);
      const past = part > 0 ? floatInput(to, op, layout.past) : undefined;
      if (!past) return split;
      const before = add.node("Gather", [past, add.int(part - 1)], { name: "axis", int: 0 });
      return add.node("Concat", [before, split], { name: "axis", int: 2 });
    });
  const scores = (to: Additions): string =>
    to.once(op.scope, `scores:${op.order}`, () => {
      const add = new Recompute(to, op.scope);
      const product = add.node("MatMul", [heads(to, 0), add.transpose(heads(to, 1), 0, 1, 3, 2)]);
      let sum = add.node("Mul", [product, add.float(scale)]);
      const bias = layout.bias >= 0 ? floatInput(to, op, layout.bias) : undefined;
      if (bias) sum = add.node("Add", [sum, bias]);
      if (mask !== "none") sum = add.node("Add", [sum, additiveMask(op, layout, mask, sum, add)]);
      if (!isCausal) return sum;
      return add.node("Where", [add.isLater(sum), add.float(LOWEST_FLOAT), sum]);
    });
  const place = (part: number): Place => ({ axes: ["b", "h", "p", "d"], make: (to) => heads(to, part) });
  return {
    pattern: name,
    op,
    queriesFrom: input,
    keysFrom: input,
    weights: { axes: ["b", "h", "q", "k"], make: (to) => softmaxOf(to, op.scope, scores(to)) },
    scores: { axes: ["b", "h", "q", "k"], make: scores },
    q: place(0),
    k: place(1),
    v: place(2),
    output: {
      axes: ["b", "p", "h", "d"],
      make: (to) => unfoldHeads(to, op.scope, to.asFloat(outputOf(op)), nHeads),
    },
    nHeads,
    nKeyHeads: nHeads,
    dHead,
    productScale: scale,
    biases: [op.inputs[layout.mask], op.inputs[layout.bias]].filter((value) => value !== undefined),
    formula: fusedFormula(op, {
      scale,
      bias: layout.bias,
      mask: layout.mask,
      ...(mask !== "none" && { maskForm: mask }),
      ...(isCausal && { causal: "last" }),
    }),
    isCausal,
    notes: ["recomputed from the inputs of the fused operator"],
  };
}

function project(op: Op, layout: Layout, to: Additions, add: Recompute): string {
  const operand = (index: number, scaleIndex: number, zeroIndex: number): string => {
    const value = op.inputs[index];
    if (!layout.isQuantised || !value) return floatInput(to, op, index) ?? "";
    const zero = op.inputs[zeroIndex];
    const number = add.cast(value.name, 1);
    const centred = zero ? add.node("Sub", [number, add.cast(zero.name, 1)]) : number;
    return add.node("Mul", [centred, floatInput(to, op, scaleIndex) ?? ""]);
  };
  const product = add.node("MatMul", [operand(0, 3, 6), operand(1, 4, 7)]);
  const bias = floatInput(to, op, 2);
  return bias ? add.node("Add", [product, bias]) : product;
}

type MaskForm = "none" | "ends" | "ends and starts" | "keys" | "queries and keys" | "unknown";

function maskForm(op: Op, layout: Layout, shapes: Shapes): MaskForm {
  const mask = op.inputs[layout.mask];
  if (!mask) return "none";
  const dims = shapes.dimsOf(mask);
  if (dims?.length === 2) return "keys";
  if (dims?.length === 3) return "queries and keys";
  const input = op.inputs[0] && shapes.dimsOf(op.inputs[0]);
  const [length, batch] = [dims?.[0], input?.[0]];
  if (dims?.length !== 1 || length === null) return "unknown";
  if (length === batch) return "ends";
  return typeof length === "number" && typeof batch === "number" && length === 2 * batch
    ? "ends and starts"
    : "unknown";
}

/** 0 where a key may be seen, the filter value elsewhere; shaped to be added to [b, h, q, k]. */
function additiveMask(op: Op, layout: Layout, form: MaskForm, scores: string, add: Recompute): string {
  const mask = op.inputs[layout.mask]?.name ?? "";
  const filter = add.float(numberOf(op.node, "mask_filter_value") ?? -10000);
  const zero = add.float(0);
  if (form === "keys" || form === "queries and keys") {
    const isSeen = add.node("Less", [add.int32(0), add.cast(mask, 6)]);
    const bias = add.node("Where", [isSeen, zero, filter]);
    return form === "keys" ? add.unsqueeze(bias, 1, 2) : add.unsqueeze(bias, 1);
  }
  const keys = add.node("Range", [add.int(0), add.length(scores, -1), add.int(1)]);
  const batch = add.node("Reshape", [add.length(scores, 0), add.ints(1)]);
  const part = (start: string, end: string) => {
    const own = add.node("Slice", [add.cast(mask, 7), start, end, add.ints(0)]);
    return add.unsqueeze(own, 1, 2, 3);
  };
  const isPastEnd = add.node("Not", [add.node("Less", [keys, part(add.ints(0), batch)])]);
  const cut = add.node("Where", [isPastEnd, filter, zero]);
  if (form === "ends") return cut;
  const isBeforeStart = add.node("Less", [keys, part(batch, add.ints(Number.MAX_SAFE_INTEGER))]);
  return add.node("Where", [isBeforeStart, filter, cut]);
}
