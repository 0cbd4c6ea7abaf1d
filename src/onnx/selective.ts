import { CODES_BELOW_ONE } from "../core/weightCodes";
import type { Additions } from "./additions";
import type { FoundAttention, Place } from "./attention";
import type { Placed } from "./blocks";
import type { Op, Scope } from "./dataflow";
import { elementTypeCode, isStandard } from "./graph";
import type { Capture, CapturedOutput } from "./instrumented";
import { slice } from "./fused/heads";
import { Recompute } from "./fused/recompute";
import type { Shapes } from "./shapes";

/** What a selective output holds of the heads in the range that its input gives. */
export type SelectedForm =
  /** The tensor itself, float32. */
  | "exact"
  /** Weights as codes of one byte (core/weightCodes.ts). */
  | "codes"
  /** Sum over the keys of all heads, [heads, queries], float32; and of the absolute values. */
  | "sums"
  | "absoluteSums"
  /** Codes of the largest weight of each POOLED x POOLED cells: of all heads, and of their mean. */
  | "pooled"
  | "pooledMean";

/** Edge of the cells that `pooled` takes together. */
export const POOLED = 8;

/** Truncating 254 * sqrt(w) + this gives 0 for 0 alone and 255 for 1 alone (see core/weightCodes.ts). */
const JUST_BELOW_ONE = 1 - 2 ** -24;

/**
 * Makes a layer hand over only the heads that a run asks for, and weights as bytes: nothing of a layer outlives it but
 * what was asked for. The runtime runs nodes without consumers last, which would keep every map until the end; so the
 * attention's output is made to wait for what is taken from it. Undefined for an attention that this cannot be done to.
 */
export function captureSelectively(
  { attention, others, block, layer }: Placed,
  captures: readonly Capture[],
  to: Additions,
  shapes: Shapes,
): CapturedOutput[] | undefined {
  const { op } = attention;
  if (others.length > 0 || op.scope.kind !== "main") return undefined;
  const taken: string[] = [];
  const outputs: CapturedOutput[] = [];
  const { nHeads, nKeyHeads } = attention;
  const counts = { ...(nHeads && { nHeads }), ...(nKeyHeads && { nKeyHeads }) };
  for (const what of captures) {
    if (!isOfHeads(what)) continue;
    const place = attention[what];
    if (!place) continue;
    const given = headsFirst(place, op.scope, to, shapes);
    if (!given) return undefined;
    const isMeasure = what === "weights" || what === "scores";
    const { name, type, axis, axes } = given;
    const heads = to.range();
    const picked = (range: string) => to.toFloat(op.scope, sliceBy(to, op.scope, name, range, axis), type);
    const add = (form: SelectedForm, output: string, axesOfForm: readonly string[], selectedBy?: string) => {
      // Vectors are small; and the output is what is made to wait.
      if (isMeasure) taken.push(output);
      to.lift([{ scope: op.scope, name: output }]);
      outputs.push({ name: output, block, layer, what, axes: axesOfForm, form, selectedBy, ...counts });
    };
    add("exact", picked(heads), axes, heads);
    if (what !== "weights") continue;
    if (axes.at(-2) !== "q" || axes.at(-1) !== "k") return undefined;
    const weights = to.toFloat(op.scope, name, type);
    const rows = axes.slice(0, -1);
    const last = axes.length - 1;
    // Of all heads: what is sliced off is then free to be turned into codes where it lies.
    add("sums", reduce(to, op.scope, "ReduceSum", weights, last), rows);
    add("absoluteSums", reduce(to, op.scope, "ReduceL1", weights, last), rows);
    const coded = to.range();
    add("codes", weightCodes(to, op.scope, picked(coded)), axes, coded);
    add("pooled", weightCodes(to, op.scope, pool(to, op.scope, weights, axes.length)), ["b", "h", "q", "k"]);
    const mean = reduce(to, op.scope, "ReduceMean", weights, axis, 1);
    add("pooledMean", weightCodes(to, op.scope, pool(to, op.scope, mean, axes.length)), ["b", "h", "q", "k"]);
  }
  if (outputs.length > 0) waitFor(attention, taken, to, shapes);
  return outputs;
}

const ofHeads = ["weights", "scores", "q", "k", "v", "output"] as const;

function isOfHeads(what: Capture): what is (typeof ofHeads)[number] {
  return ofHeads.some((one) => one === what);
}

interface Given {
  readonly name: string;
  readonly type: string;
  /** The axis of the heads. */
  readonly axis: number;
  readonly axes: readonly string[];
}

/** A place with all its heads on one axis; key heads and those they serve are folded. */
function headsFirst(place: Place, scope: Scope, to: Additions, shapes: Shapes): Given | undefined {
  const { axes } = place;
  if (axes.includes("w")) return undefined;
  const [name, type] =
    "value" in place ? [place.value.name, shapes.typeOf(place.value)] : [place.make(to), "float32"];
  const folded = axes.indexOf("bh");
  const heads = folded >= 0 ? folded : axes.indexOf("h");
  if (heads < 0) return undefined;
  if (!axes.includes("g")) return { name, type, axis: heads, axes };
  if (axes[heads + 1] !== "g") return undefined;
  const at = new Recompute(to, scope);
  const dims = axes.flatMap((axis, index) => {
    if (axis === "g") return [];
    return [index === heads ? at.ints(-1) : at.node("Reshape", [at.length(name, index), at.ints(1)])];
  });
  const shape = at.node("Concat", dims, { name: "axis", int: 0 });
  return {
    name: at.node("Reshape", [name, shape]),
    type,
    axis: heads,
    axes: axes.filter((axis) => axis !== "g"),
  };
}

/** The heads from the first number of `range` up to the second. */
function sliceBy(to: Additions, scope: Scope, name: string, range: string, axis: number): string {
  const start = slice(to, scope, range, 0, 0, 1);
  const end = slice(to, scope, range, 0, 1, 2);
  return to.one(scope, "Slice", [
    name,
    start,
    end,
    to.constant(scope, { type: "int64", dims: [1], numbers: [axis] }),
  ]);
}

function reduce(
  to: Additions,
  scope: Scope,
  opType: string,
  name: string,
  axis: number,
  keepdims = 0,
): string {
  const keep = { name: "keepdims", int: keepdims };
  // ReduceSum takes its axes as an input since opset 13, the others since 18.
  const isInput = to.opset >= (opType === "ReduceSum" ? 13 : 18);
  if (!isInput) return to.one(scope, opType, [name], [{ name: "axes", ints: [axis] }, keep]);
  const axes = to.constant(scope, { type: "int64", dims: [1], numbers: [axis] });
  return to.one(scope, opType, [name, axes], [keep]);
}

function pool(to: Additions, scope: Scope, name: string, rank: number): string {
  const at = new Recompute(to, scope);
  const whole = rank === 4 ? name : at.unsqueeze(name, 0);
  return at.node(
    "MaxPool",
    [whole],
    { name: "kernel_shape", ints: [POOLED, POOLED] },
    { name: "strides", ints: [POOLED, POOLED] },
    { name: "ceil_mode", int: 1 },
  );
}

function weightCodes(to: Additions, scope: Scope, weights: string): string {
  const at = new Recompute(to, scope);
  const scaled = at.node("Mul", [at.node("Sqrt", [weights]), at.float(CODES_BELOW_ONE)]);
  return at.cast(at.node("Add", [scaled, at.float(JUST_BELOW_ONE)]), elementTypeCode("uint8"));
}

/** Adds 0 x (number of elements taken) to what the attention gives on; that number is known when they are there. */
function waitFor(attention: FoundAttention, taken: readonly string[], to: Additions, shapes: Shapes): void {
  const op = passedOnBy(attention);
  const output = op?.outputs[0];
  if (!op || !output) return;
  const at = new Recompute(to, op.scope);
  const type = shapes.typeOf(output) || "float32";
  const sizes = taken.map((name) => at.cast(at.node("Size", [name]), elementTypeCode("float32")));
  const zero = at.node("Mul", [at.node("Sum", sizes), at.float(0)]);
  to.replace(op, 0, (given) => ({
    opType: "Add",
    inputs: [given, type === "float32" ? zero : at.cast(zero, elementTypeCode(type))],
  }));
}

/** The operation whose first output carries the attention's result onwards. */
function passedOnBy({ valueProduct, op }: FoundAttention): Op | undefined {
  if (valueProduct) return valueProduct.op.scope === op.scope ? valueProduct.op : undefined;
  const isFused = !isStandard(op.node) || op.node.opType === "Attention";
  return isFused ? op : undefined;
}
