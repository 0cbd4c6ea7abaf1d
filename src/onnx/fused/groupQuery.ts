import type { Additions } from "../additions";
import type { FoundAttention } from "../attention";
import type { Op } from "../dataflow";
import { numberOf } from "../graph";
import type { Shapes } from "../shapes";
import { fusedFormula } from "./formula";
import { floatInput, slice, squareRootScale, unfoldHeads } from "./heads";
import { outputOf } from "./multiHead";
import { LOWEST_FLOAT, Recompute } from "./recompute";

/**
 * com.microsoft.GroupQueryAttention: inputs query, key, value, past_key, past_value, seqlens_k, total_sequence_length,
 * cos_cache, sin_cache, position_ids, attention_bias, head_sink; always causal. With qk_output = 2 its fourth output is
 * the weights; WebGPU refuses that (measured, ONNX Runtime Web 1.30), so there they are recomputed.
 */
export function groupQueryAttention(
  op: Op,
  shapes: Shapes,
  opset: number,
  isWebGpu: boolean,
): FoundAttention | string {
  const [query, key] = op.inputs;
  const nHeads = numberOf(op.node, "num_heads");
  const nKeyHeads = numberOf(op.node, "kv_num_heads");
  if (!query || !nHeads || !nKeyHeads) {
    return "com.microsoft.GroupQueryAttention without a number of heads";
  }
  const width = shapes.dimsOf(query)?.at(-1);
  const dHead = typeof width === "number" ? width / (key ? nHeads : nHeads + 2 * nKeyHeads) : undefined;
  const hasSink = op.inputs[11] !== undefined || numberOf(op.node, "smooth_softmax") === 1;
  const window = numberOf(op.node, "local_window_size");
  const softcap = numberOf(op.node, "softcap");
  const scale = numberOf(op.node, "scale") || squareRootScale(dHead);
  if (isWebGpu && (hasSink || !dHead || !scale || opset < 11)) {
    return "com.microsoft.GroupQueryAttention on WebGPU with a sink, of unknown head size, or below opset 11";
  }
  const queries = (to: Additions) =>
    to.once(op.scope, `queries:${op.order}`, () => rotatedQueries(op, to, nHeads, key ? undefined : dHead));
  const scores = (to: Additions) =>
    to.once(op.scope, `scores:${op.order}`, () =>
      recomputedScores(op, to, {
        queries: queries(to),
        nHeads,
        nKeyHeads,
        scale: scale ?? 1,
        window,
        softcap,
      }),
    );
  const type = shapes.typeOf(outputOf(op));
  const canRecompute = scale !== undefined && opset >= 11 && op.node.outputs[1] !== "";
  return {
    pattern: "com.microsoft.GroupQueryAttention",
    op,
    queriesFrom: query,
    keysFrom: key ?? query,
    weights: isWebGpu
      ? {
          axes: ["b", "h", "g", "q", "k"],
          make: (to) => to.one(op.scope, "Softmax", [scores(to)], [{ name: "axis", int: 4 }]),
        }
      : {
          axes: ["b", "h", "q", "k"],
          make: (to) => to.toFloat(op.scope, to.copy(op, 3, [{ name: "qk_output", int: 2 }]), type),
        },
    ...(canRecompute && { scores: { axes: ["b", "h", "g", "q", "k"], make: scores } }),
    ...((key ?? dHead) && { q: { axes: ["b", "h", "p", "d"], make: queries } }),
    ...(op.node.outputs[1] !== "" && {
      k: { axes: ["b", "h", "p", "d"], make: (to) => to.toFloat(op.scope, to.output(op, 1), type) },
      v: { axes: ["b", "h", "p", "d"], make: (to) => to.toFloat(op.scope, to.output(op, 2), type) },
    }),
    output: {
      axes: ["b", "p", "h", "d"],
      make: (to) => unfoldHeads(to, op.scope, to.asFloat(outputOf(op)), nHeads),
    },
    nHeads,
    nKeyHeads,
    ...(dHead && { dHead }),
    ...(scale && { productScale: scale }),
    ...(softcap && { softcap }),
    ...(window !== undefined && window > 0 && { window }),
    ...(hasSink && { hasSink }),
    biases: [op.inputs[10]].filter((value) => value !== undefined),
    formula: fusedFormula(op, {
      scale,
      ...(softcap && { softcap }),
      bias: 10,
      causal: "last",
      ...(window !== undefined && { window }),
      ...(hasSink && { sink: op.inputs[11] ? { value: op.inputs[11], axes: ["h"] } : 0 }),
    }),
    isCausal: true,
    notes: isWebGpu ? ["recomputed from the inputs of the fused operator"] : [],
  };
}

/** [b, h, p, d], turned by their positions where the operator does that itself. */
function rotatedQueries(op: Op, to: Additions, nHeads: number, packedHead: number | undefined): string {
  const add = new Recompute(to, op.scope);
  const all = floatInput(to, op, 0) ?? "";
  const own = packedHead ? slice(to, op.scope, all, 2, 0, nHeads * packedHead) : all;
  const heads = add.transpose(unfoldHeads(to, op.scope, own, nHeads), 0, 2, 1, 3);
  if (numberOf(op.node, "do_rotary") !== 1) return heads;
  const total = add.node("Reshape", [add.cast(op.inputs[6]?.name ?? "", 7), add.ints(1)]);
  const offset = add.node("Sub", [total, add.node("Reshape", [add.length(heads, 2), add.ints(1)])]);
  const positions = op.inputs[9]?.name ?? offset;
  const [cos = "", sin = ""] = [floatInput(to, op, 7), floatInput(to, op, 8)];
  return to.one(
    op.scope,
    "RotaryEmbedding",
    [heads, positions, cos, sin],
    [{ name: "interleaved", int: numberOf(op.node, "rotary_interleaved") ?? 0 }],
    "com.microsoft",
  );
}

interface Parts {
  readonly queries: string;
  readonly nHeads: number;
  readonly nKeyHeads: number;
  readonly scale: number;
  readonly window: number | undefined;
  readonly softcap: number | undefined;
}

/** [b, key head, query heads per key head, q, k] */
function recomputedScores(op: Op, to: Additions, parts: Parts): string {
  const add = new Recompute(to, op.scope);
  const { nHeads, nKeyHeads, scale, window, softcap } = parts;
  const shape = add.node("Shape", [parts.queries]);
  const grouped = add.node(
    "Concat",
    [
      add.node("Slice", [shape, add.ints(0), add.ints(1)]),
      add.ints(nKeyHeads, nHeads / nKeyHeads),
      add.node("Slice", [shape, add.ints(2), add.ints(4)]),
    ],
    { name: "axis", int: 0 },
  );
  const queries = add.node("Reshape", [parts.queries, grouped]);
  const total = add.node("Reshape", [add.cast(op.inputs[6]?.name ?? "", 7), add.ints(1)]);
  const present = to.output(op, 1);
  const keys = add.cast(add.node("Slice", [present, add.ints(0), total, add.ints(2)]), 1);
  const product = add.node("MatMul", [queries, add.unsqueeze(add.transpose(keys, 0, 1, 3, 2), 2)]);
  let scores = add.node("Mul", [product, add.float(scale)]);
  if (softcap) {
    const tanh = add.node("Tanh", [add.node("Div", [scores, add.float(softcap)])]);
    scores = add.node("Mul", [tanh, add.float(softcap)]);
  }
  const bias = floatInput(to, op, 10);
  if (bias) scores = add.node("Add", [scores, add.unsqueeze(bias, 2)]);
  scores = add.node("Where", [add.isLater(scores), add.float(LOWEST_FLOAT), scores]);
  if (!window || window <= 0) return scores;
  return add.node("Where", [add.isBeforeWindow(scores, window), add.float(LOWEST_FLOAT), scores]);
}
