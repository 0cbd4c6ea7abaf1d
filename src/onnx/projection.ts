import type { ProjectionOfLayer, ProjectionPart } from "../core/run";
import type { FoundAttention, Place } from "./attention";
import type { Op, Scope, Value } from "./dataflow";
import type { Known } from "./known";
import { linearAt, type Linear } from "./linear";
import { outside, residualAfter } from "./residual";

/** The output projection of one attention and the residual stream around it, by dataflow alone. */
export interface FoundProjection extends ProjectionOfLayer {
  /** The graph that the projection is in. */
  readonly scope: Scope;
  readonly places: Readonly<Partial<Record<ProjectionPart, Place>>>;
}

const FARTHEST = 40;
const MOST_VISITED = 400;

/** Keep the outputs of the heads what they are: [which inputs the way may go through]. */
const PASSES: Readonly<Record<string, readonly number[]>> = {
  Identity: [0],
  Cast: [0],
  CastLike: [0],
  Dropout: [0],
  Reshape: [0],
  Transpose: [0],
  Unsqueeze: [0],
  Squeeze: [0],
  Flatten: [0],
  Slice: [0],
  Where: [1, 2],
  QuantizeLinear: [0],
  DequantizeLinear: [0],
  DynamicQuantizeLinear: [0],
};

/** Change them on the way: a gate, a norm (Magneto, Wang et al. 2022), a scale. */
const CHANGES: Readonly<Record<string, readonly number[]>> = {
  Mul: [0, 1],
  Div: [0],
  LayerNormalization: [0],
  SimplifiedLayerNormalization: [0],
  RMSNormalization: [0],
};

/**
 * Follows the heads' outputs to the first product with stored weights: W_O (Vaswani et al. 2017, §3.2.2). What is added
 * to it there is its bias; what the result is added to, where the queries come from it, is the residual stream.
 */
export function findProjection(attention: FoundAttention, known: Known): FoundProjection {
  const { scope } = attention.op;
  const none = (missing: string): FoundProjection => ({ scope, has: [], missing, around: [], places: {} });
  const start = startOf(attention);
  if (!start) return none("the outputs of its heads were not found in the graph");
  const found = linearAfter(start, known);
  if (typeof found === "string") return none(found);
  const { linear, isChanged } = found;
  const residual = residualAfter(linear, attention.queriesFrom, known);
  const places: FoundProjection["places"] = {
    concat: linear.data,
    projection: linear.weight,
    ...(residual.bias && { projectionBias: residual.bias }),
    projected: residual.projected,
    ...(residual.before && { before: residual.before }),
    ...(residual.after && { after: residual.after }),
  };
  return {
    scope: linear.op.scope,
    has: Object.keys(places) as ProjectionPart[],
    around: [...(isChanged ? (["changed-before"] as const) : []), ...residual.around],
    places,
  };
}

function startOf({ op, output }: FoundAttention): Value | undefined {
  if (!output) return undefined;
  return "value" in output ? output.value : op.outputs[0];
}

function linearAfter(start: Value, known: Known): { linear: Linear; isChanged: boolean } | string {
  let open: { value: Value; isChanged: boolean }[] = [{ value: start, isChanged: false }];
  const seen = new Set<Value>();
  let reason: string | undefined;
  for (let distance = 0; distance < FARTHEST && open.length && seen.size < MOST_VISITED; distance++) {
    const next: typeof open = [];
    for (const { value, isChanged } of open) {
      if (seen.has(value)) continue;
      seen.add(value);
      for (const { op, inputIndex } of value.consumers) {
        const linear = linearAt(op, value, known);
        if (typeof linear === "string") reason ??= `W_O was found, but ${linear}`;
        else if (linear) return { linear, isChanged };
        else if (PASSES[op.node.opType]?.includes(inputIndex)) {
          next.push(...op.outputs.slice(0, 1).map((output) => ({ value: output, isChanged })));
        } else if (CHANGES[op.node.opType]?.includes(inputIndex)) {
          next.push(...op.outputs.slice(0, 1).map((output) => ({ value: output, isChanged: true })));
        } else reason ??= joins(op);
      }
      next.push(...outside(value).map((output) => ({ value: output, isChanged })));
    }
    // The shortest way that leaves the heads as they are comes first.
    open = next.sort((a, b) => Number(a.isChanged) - Number(b.isChanged));
  }
  return reason ?? "no product with stored weights follows the outputs of its heads";
}

function joins({ node }: Op): string | undefined {
  if (node.opType === "Concat") {
    return "the outputs of its heads are joined with something else (Concat) before the next weights";
  }
  return node.opType === "Add" ? "the outputs of its heads are added to something without W_O" : undefined;
}
