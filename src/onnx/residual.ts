import type { AroundProjection } from "../core/run";
import type { Place } from "./attention";
import type { Op, Value } from "./dataflow";
import type { Known } from "./known";
import type { Linear } from "./linear";
import { biasOfSkipNorm, isOrNormOf, isSkipNorm, sumOfSkipNorm } from "./skipNorm";

/** What happens behind W_O. */
export interface Residual {
  /** [dModel] */
  readonly bias?: Place;
  /** W_O's result with its bias: what the attention gives. */
  readonly projected: Place;
  /** The residual stream before and after the addition; absent where it was not found. */
  readonly before?: Place;
  readonly after?: Place;
  readonly around: readonly AroundProjection[];
}

const FARTHEST = 24;
const PASSES = new Set(
  "Identity Cast CastLike Dropout Reshape Transpose Unsqueeze Squeeze Slice DequantizeLinear QuantizeLinear".split(
    " ",
  ),
);
/** Between W_O and the addition: a norm (Gemma 2, Swin 2), a scale for each dimension or for all (LayerScale, Touvron et al. 2021). */
const CHANGES = new Set(
  "Mul Div LayerNormalization SimplifiedLayerNormalization RMSNormalization Pow ReduceMean Sqrt Sub".split(
    " ",
  ),
);
const AXES = ["…", "m"];

/** Follows W_O's result: over the addition of a stored bias to the addition of what the queries come from. */
export function residualAfter(linear: Linear, queriesFrom: Value, known: Known): Residual {
  const biased = linear.bias ? { value: linear.output, bias: linear.bias } : biasOf(linear.output, known);
  const projected = biased.value;
  const found: Residual = {
    ...(biased.bias && { bias: biased.bias }),
    projected: { value: projected, axes: AXES },
    around: [],
  };
  const isStream = ancestorsOf(queriesFrom);
  let open = [{ value: projected, isChanged: false, isJoined: false }];
  const seen = new Set<Value>();
  for (let distance = 0; distance < FARTHEST && open.length; distance++) {
    const next: typeof open = [];
    for (const at of open) {
      if (seen.has(at.value)) continue;
      seen.add(at.value);
      for (const { op, inputIndex } of at.value.consumers) {
        const [output] = op.outputs;
        if (!output) continue;
        const skip = skipNormalisation(op, inputIndex, found, isStream);
        if (skip) return skip;
        const other = op.node.opType === "Add" ? op.inputs[1 - inputIndex] : undefined;
        if (other && isStream(other)) {
          return {
            ...found,
            before: { value: other, axes: AXES },
            after: { value: output, axes: AXES },
            around: aroundOf(at),
          };
        }
        // A parallel branch (GPT-J, Wang and Komatsuzaki 2021): the feed-forward part is added in the same go.
        if (other && known.origins.isData(other)) next.push({ ...at, value: output, isJoined: true });
        else if (other || PASSES.has(op.node.opType)) next.push({ ...at, value: output });
        else if (CHANGES.has(op.node.opType)) next.push({ ...at, value: output, isChanged: true });
      }
      next.push(...outside(at.value).map((value) => ({ ...at, value })));
    }
    open = next;
  }
  return {
    ...found,
    around: ["no-residual"],
  };
}

/** A value that leaves a function of the model goes on as an output of the call. */
export function outside({ scope, name }: Value): Value[] {
  const at = scope.kind === "function" ? (scope.functionOutputs?.indexOf(name) ?? -1) : -1;
  const output = at < 0 ? undefined : scope.container?.outputs[at];
  return output ? [output] : [];
}

function aroundOf(way: { isChanged: boolean; isJoined: boolean }): AroundProjection[] {
  return [
    ...(way.isChanged ? (["changed-after"] as const) : []),
    ...(way.isJoined ? (["joined"] as const) : []),
  ];
}

/** The bias that is added behind a product, through casts and reshapes. */
function biasOf(output: Value, { origins }: Known): { value: Value; bias?: Place } {
  for (let at = output, step = 0; step < 4; step++) {
    if (at.consumers.length !== 1) break;
    const [{ op, inputIndex } = {}] = at.consumers;
    const after = op?.outputs[0];
    if (!op || !after) break;
    const other = op.node.opType === "Add" ? op.inputs[1 - (inputIndex ?? 0)] : undefined;
    if (other && origins.isConstant(other)) {
      const make: Extract<Place, { make: unknown }>["make"] = (to) =>
        to.one(op.scope, "Identity", [to.asFloat(other)]);
      return { value: after, bias: { axes: ["m"], make } };
    }
    if (!["Reshape", "Cast", "Identity", "DequantizeLinear"].includes(op.node.opType)) break;
    at = after;
  }
  return { value: output };
}

/** SkipLayerNormalization and its kin add input and skip (and a bias) before they normalise. */
function skipNormalisation(
  op: Op,
  inputIndex: number,
  found: Residual,
  isStream: (value: Value) => boolean,
): Residual | undefined {
  if (!isSkipNorm(op) || inputIndex > 1) return undefined;
  const other = op.inputs[1 - inputIndex];
  const bias = biasOfSkipNorm(op);
  const mine = op.inputs[inputIndex];
  if (!other || !mine || !isStream(other)) return undefined;
  const sum = sumOfSkipNorm(op);
  return {
    ...(bias
      ? {
          bias: { axes: ["m"], make: (to) => to.one(op.scope, "Identity", [to.asFloat(bias)]) },
          projected: {
            axes: AXES,
            make: (to) => to.one(op.scope, "Add", [to.asFloat(mine), to.asFloat(bias)]),
          },
        }
      : found),
    before: { value: other, axes: AXES },
    ...(sum && { after: { value: sum, axes: AXES } }),
    around: [],
  };
}

const MOST_ANCESTORS = 2000;

/** Whether something is computed from a value; looked for backwards, no further than the value's own place in the order. */
function ancestorsOf(from: Value): (value: Value) => boolean {
  return (wanted) => {
    const first = wanted.producer?.order ?? -1;
    const seen = new Set<Value>([from]);
    const open = [from];
    for (let value = open.pop(); value && seen.size < MOST_ANCESTORS; value = open.pop()) {
      if (isOrNormOf(value, wanted)) return true;
      const { producer } = value;
      if (!producer || producer.order <= first) continue;
      for (const input of [...producer.inputs, ...value.inner]) {
        if (input && !seen.has(input)) {
          seen.add(input);
          open.push(input);
        }
      }
    }
    return false;
  };
}
