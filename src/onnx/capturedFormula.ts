import type { ScoreStep } from "../core/recompute";
import type { Additions } from "./additions";
import type { FoundAttention, Place } from "./attention";
import type { Placed } from "./blocks";
import type { Scope, Value } from "./dataflow";
import type { CapturedFormula, CapturedTerm } from "./instrumented";
import { isIntegerProduct } from "./product";
import type { Formula } from "./scoreSteps";
import type { Shapes } from "./shapes";

/** Hands over the terms of a layer's formula: of each branch of an If, where the layer is in several. */
export function capturedFormula(
  { attention, others, block, layer }: Placed,
  additions: Additions,
  shapes: Shapes,
): CapturedFormula {
  const same = [attention, ...others];
  const place = {
    block,
    layer,
    steps: [],
    computedIn: computedIn(attention, shapes),
    rounds: roundsOf(attention),
  };
  if (typeof attention.formula === "string") return { ...place, missing: attention.formula };
  const isAdditive = attention.additive?.additiveQuery && attention.additive.additiveKey;
  if (!isAdditive && (!attention.q || !attention.k)) {
    const lacking = attention.q ? "k" : attention.k ? "q" : "q and k";
    return { ...place, missing: `${lacking} cannot be handed over from ${attention.pattern}` };
  }
  if (!same.every(({ formula }) => shapeOf(formula) === shapeOf(attention.formula)))
    return { ...place, missing: "the branches of the graph compute it in different ways" };
  const steps = attention.formula.map((step, index) =>
    withTerms(step, ({ axes }: Place, key) => {
      const places = same.flatMap((one) => {
        const own = typeof one.formula === "string" ? undefined : placeIn(one.formula[index], key);
        return own ? [{ scope: scopeOf(own, one), name: nameOf(own, additions) }] : [];
      });
      return { name: additions.lift(places), axes };
    }),
  );
  return { ...place, steps };
}

function computedIn(attention: FoundAttention, shapes: Shapes): CapturedFormula["computedIn"] {
  const products = [attention.scoreProduct, attention.valueProduct];
  if (products.some((product) => isIntegerProduct(product?.op.node.opType))) return "int8";
  const values = [
    ...attention.op.outputs.slice(0, 1),
    ...products.flatMap((product) => product?.output ?? []),
  ];
  return values.some((value) => /float16/.test(shapes.typeOf(value))) ? "float16" : "float32";
}

function roundsOf({ queriesFrom, keysFrom, scoreProduct }: FoundAttention): CapturedFormula["rounds"] {
  const isRounded = (value: Value) => value.producer?.node.opType === "DynamicQuantizeLinear";
  if (!scoreProduct) return [];
  return [
    ...(isRounded(queriesFrom) ? (["q"] as const) : []),
    ...(isRounded(keysFrom) ? (["k"] as const) : []),
  ];
}

/** All terms of a formula, those that a run must be asked for. */
export function termsOf({ steps }: CapturedFormula): CapturedTerm[] {
  return steps.flatMap((step) =>
    Object.values(step).filter((value): value is CapturedTerm => typeof value === "object"),
  );
}

/** The step with its terms replaced by what `term` makes of them; `key` says which of the step's it is. */
export function withTerms<From extends object, To>(
  step: ScoreStep<From>,
  term: (value: From, key: string) => To,
): ScoreStep<To> {
  const number = (key: string, value: number | From) =>
    typeof value === "number" ? value : term(value, key);
  switch (step.kind) {
    case "multiply":
    case "divide":
      return { ...step, by: number("by", step.by) };
    case "add":
    case "subtract":
    case "atLeast":
    case "atMost":
    case "sink":
      return { ...step, term: number("term", step.term) };
    case "select":
      return { ...step, where: term(step.where, "where"), other: number("other", step.other) };
    case "hide":
      return { ...step, mask: term(step.mask, "mask") };
    case "end":
    case "start":
      return { ...step, at: term(step.at, "at") };
    case "causal":
      return typeof step.level === "string"
        ? { ...step, level: step.level }
        : { ...step, level: term(step.level, "level") };
    case "tanh":
    case "window":
    case "softmax":
      return step;
  }
}

function placeIn(step: ScoreStep<Place> | undefined, key: string): Place | undefined {
  const value = (step as unknown as Record<string, unknown> | undefined)?.[key];
  return typeof value === "object" ? (value as Place) : undefined;
}

/** Kinds of steps and which of them are terms. */
function shapeOf(formula: Formula): string {
  if (typeof formula === "string") return formula;
  const parts = formula.map((step) =>
    Object.values(step).map((value) => (typeof value === "object" ? "*" : value)),
  );
  return JSON.stringify(parts);
}

function scopeOf(place: Place, { op }: FoundAttention): Scope {
  return "value" in place ? place.value.scope : op.scope;
}

/** An output of a graph must be made by a node: inputs and stored tensors go through one. */
function nameOf(place: Place, additions: Additions): string {
  if (!("value" in place)) return place.make(additions);
  const { value } = place;
  const name = additions.asFloat(value);
  if (name !== value.name || value.producer) return name;
  return additions.once(value.scope, `copy:${name}`, () => additions.one(value.scope, "Identity", [name]));
}
