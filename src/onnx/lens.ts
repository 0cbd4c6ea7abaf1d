import type { Additions } from "./additions";
import type { FoundAttention } from "./attention";
import type { Placed } from "./blocks";
import type { Op, Scope, Value } from "./dataflow";
import type { LensOutput, LensOutputs } from "./instrumented";
import type { Known } from "./known";
import type { FoundProjection } from "./projection";
import { residualStream, uncast } from "./residualStream";
import { gainsOfSkipNorm } from "./skipNorm";

export interface LensOptions {
  /** How many of the most likely tokens are handed over for each layer and position. */
  readonly count: number;
  readonly vocab?: number;
}

/**
 * The logit lens (nostalgebraist 2020): what lies between the last state of the residual stream and the logits (the last
 * norm and the unembedding) is applied to the state after each layer, by nodes that share the model's own weights. Only
 * the most likely tokens leave the graph: all logits of all layers would be gigabytes.
 */
export function addLens(
  logitsName: string | undefined,
  placed: readonly Placed[],
  projections: ReadonlyMap<FoundAttention, FoundProjection>,
  known: Known,
  additions: Additions,
  { count, vocab }: LensOptions,
): LensOutputs {
  const logits = logitsName === undefined ? undefined : known.flow.main.values.get(logitsName);
  if (!logits) return missing("the model has no output over its vocabulary");
  if (additions.opset < 11) return missing(`the graph is of opset ${additions.opset}; the lens needs 11`);
  const stream = residualStream(logits, known);
  const { states, fused } = stream;
  const last = fused ? fused.outputs[0] : states.at(-1);
  if (!last) return missing("no residual stream leads to its predictions");
  const ops = opsBetween(last, logits);
  const scope = logits.scope;
  if (ops.some((op) => op.scope !== scope))
    return missing("its last layers lie inside a function or a branch");
  if (ops.some(({ node }) => [...node.attributes.values()].some(({ graph }) => graph))) {
    return missing("its last layers depend on a condition");
  }
  const block = placed.some(({ block }) => block === "decoder") ? "decoder" : "encoder";
  const layers = placed.filter((layer) => layer.block === block);
  const joined = layers.map(({ attention }) => stateBefore(projections.get(attention), states));
  if (layers.length === 0 || joined.some((state) => state === undefined)) {
    return missing(
      "its residual stream is not one sum over all layers (norms come after the sublayers), so the last norm and the unembedding do not fit the layers before",
    );
  }
  const size = known.shapes.dimsOf(logits)?.at(-1);
  const most = Math.min(count, typeof size === "number" ? size : (vocab ?? count));
  const type = known.shapes.typeOf(logits);
  const softmax = (name: string) =>
    additions.one(scope, "Softmax", [additions.toFloat(scope, name, type)], [{ name: "axis", int: -1 }]);
  const best = topK(additions, scope, additions.toFloat(scope, logits.name, type), 1)[1]!;
  // After layer l stands what the attention of layer l + 1 has not yet added to; behind the last the logits themselves.
  const rows: [LensOutput["layer"], Value | undefined][] = [
    ["embedding", joined[0]],
    ...layers.map(({ layer }, at): [number, Value | undefined] => [layer, joined[at + 1]]),
  ];
  const logitsOf = (state: Value) =>
    copyOf(ops, last, fused ? normOf(fused, state, additions) : state.name, logits, additions);
  return {
    rows: rows.map(([layer, state]): LensOutput => {
      const through = softmax(state ? logitsOf(state) : logits.name);
      const [values = "", ids = ""] = topK(additions, scope, through, most);
      const final = additions.one(scope, "GatherElements", [through, best], [{ name: "axis", int: -1 }]);
      const out = (name: string) => additions.lift([{ scope, name }]);
      return { layer, values: out(values), ids: out(ids), final: out(final) };
    }),
  };
}

/** The state of the stream that an attention is added to. */
function stateBefore(found: FoundProjection | undefined, stream: readonly Value[]): Value | undefined {
  const before = found?.places.before;
  const value = before && "value" in before ? uncast(before.value) : undefined;
  return value && stream.includes(value) ? value : undefined;
}

function missing(reason: string): LensOutputs {
  return { rows: [], missing: reason };
}

function topK(additions: Additions, scope: Scope, name: string, count: number): string[] {
  const k = additions.once(scope, `lens:k:${count}`, () =>
    additions.constant(scope, { type: "int64", dims: [1], numbers: [count] }),
  );
  return additions.node(scope, "TopK", [name, k], [{ name: "axis", int: -1 }], { nOutputs: 2 });
}

/** Operations through which `from` goes into `to`, in running order. */
function opsBetween(from: Value, to: Value): Op[] {
  const depends = new Map<Value, boolean>([[from, true]]);
  const first = from.producer?.order ?? -1;
  const found = new Set<Op>();
  const visit = (value: Value): boolean => {
    const known = depends.get(value);
    if (known !== undefined) return known;
    depends.set(value, false);
    const op = value.producer;
    if (!op || op.order <= first) return false;
    const does = op.inputs.map((input) => input !== undefined && visit(input)).some(Boolean);
    if (does) found.add(op);
    depends.set(value, does);
    return does;
  };
  visit(to);
  return [...found].sort((a, b) => a.order - b.order);
}

/** The norm of a state by an operation that adds before it normalises: nothing is added, its bias neither. */
function normOf(fused: Op, state: Value, additions: Additions): string {
  const nothing = additions.one(state.scope, "Sub", [state.name, state.name]);
  return additions.copyWith(fused, [state.name, nothing, ...gainsOfSkipNorm(fused)], 1)[0] ?? "";
}

/** The same operations on another state; returns the name of what then stands for `result`. */
function copyOf(ops: readonly Op[], last: Value, state: string, result: Value, additions: Additions): string {
  const names = new Map<Value, string>([[last, state]]);
  for (const op of ops) {
    const inputs = op.inputs.map((input) => (input ? (names.get(input) ?? input.name) : ""));
    const outputs = additions.copyWith(op, inputs);
    op.outputs.forEach((value, index) => names.set(value, outputs[index] ?? ""));
  }
  return names.get(result) ?? result.name;
}
