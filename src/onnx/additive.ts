import type { ScoreStep } from "../core/recompute";
import type { Additions } from "./additions";
import type { FoundAttention, Place } from "./attention";
import { expandLeading } from "./axes";
import { storedTensor } from "./constants";
import type { Op, Value } from "./dataflow";
import type { Known } from "./known";
import { productAfter } from "./paths";
import type { Step } from "./paths";
import { stepOf, type Formula } from "./scoreSteps";
import type { SoftmaxPlace } from "./softmax";

/** What may lie between the reduction of tanh(q + k) and the softmax: [the input the way goes through]. */
const PASSES = new Set(
  "Squeeze Reshape Transpose Unsqueeze Add Sub Where Cast Identity ReduceSum Mul Div Dropout".split(" "),
);
const FARTHEST = 16;

/**
 * Additive attention (Bahdanau, Cho, Bengio 2015, eq. 6): scores are a reduction of tanh(q + k), so there is no product
 * of queries and keys; the weights still meet the values in a product or in a weighted sum.
 */
export function findAdditive(softmax: SoftmaxPlace, known: Known): FoundAttention | undefined {
  const { origins, shapes } = known;
  const found = sumBehind(softmax.input, known);
  if (!found) return undefined;
  const [first, second] = found.sum.inputs;
  if (!first || !second) return undefined;
  const after = productAfter(
    softmax.output,
    (product) => origins.isData(product.left) && origins.isData(product.right),
  );
  const weighted = after ? undefined : weightedSum(softmax, known);
  if (!after && !weighted) return undefined;
  const values = after
    ? after.side === "left"
      ? after.product.right
      : after.product.left
    : weighted?.values;
  if (!values) return undefined;
  const isFirstKey = closeness(first, values, known) >= closeness(second, values, known);
  const [keys, queries] = isFirstKey ? [first, second] : [second, first];
  const weights: Extract<Place, { value: Value }> = after
    ? enteringProduct(after.side, after.product, known)
    : { value: softmax.output, axes: weighted?.axes ?? [] };
  const mixed = after?.product.output;
  return {
    pattern: "additive",
    op: softmax.op,
    queriesFrom: queries,
    keysFrom: keys,
    weights,
    ...(weights.value === softmax.output && { scores: { value: softmax.input, axes: weights.axes } }),
    ...(mixed &&
      shapes.dimsOf(mixed)?.length === 3 &&
      after.side === "left" && { output: { value: mixed, axes: ["bh", "p", "d"] } }),
    additive: termsOf(found, queries, keys),
    v: { value: values, axes: ["bh", "p", "d"].slice(-(shapes.dimsOf(values)?.length ?? 3)) },
    nHeads: 1,
    nKeyHeads: 1,
    biases: [],
    formula: formulaOf(found, weights.value === softmax.output ? weights.axes : undefined, known),
    notes: ["scores are a reduction of tanh(q + k): there is no product of queries and keys"],
  };
}

function enteringProduct(
  side: "left" | "right",
  product: NonNullable<ReturnType<typeof productAfter>>["product"],
  { shapes }: Known,
): Extract<Place, { value: Value }> {
  const [value, axes, other] =
    side === "left"
      ? [product.left, product.leftAxes, product.rightAxes]
      : [product.right, product.rightAxes, product.leftAxes];
  const letters = expandLeading(axes, shapes.dimsOf(value)?.length ?? 3);
  const names = letters.map((letter) =>
    other.includes(letter) && !product.outputAxes.includes(letter)
      ? "k"
      : letter === "?"
        ? "bh"
        : isShared(letter)
          ? "bh"
          : "q",
  );
  return { value, axes: names };

  function isShared(letter: string): boolean {
    return other.includes(letter) && product.outputAxes.includes(letter);
  }
}

/** The sum under the Tanh, what stored biases are added to it, and the stored vector that reduces the Tanh. */
interface AdditiveScores {
  readonly sum: Op;
  readonly biases: readonly Value[];
  readonly vector?: Value;
  /** Operations behind the reduction that change the scores. */
  readonly changes: readonly Change[];
}

interface Change extends Step {
  /** Whether nothing behind it moves the scores to other places. */
  readonly isInPlace: boolean;
}

/** Moves numbers, or adds up what the stored vector was multiplied onto. */
const KEEPS = new Set("Squeeze Reshape Transpose Unsqueeze Cast Identity Dropout ReduceSum".split(" "));

const STAYS = new Set("Cast Identity Dropout".split(" "));

/** `axes` are those of the scores, where the weights have them too. */
function formulaOf(
  { vector, changes }: AdditiveScores,
  axes: readonly string[] | undefined,
  known: Known,
): Formula {
  if (!vector) return "the vector that reduces tanh(q + k) to its scores was not found";
  const steps: ScoreStep<Place>[] = [];
  for (const change of changes) {
    const own = axes && change.isInPlace ? stepOf(change, axes, known) : undefined;
    if (own === undefined) {
      return `${change.op.node.opType} lies between its additive scores and its weights`;
    }
    if (typeof own === "string") return own;
    steps.push(...own);
  }
  return [...steps, { kind: "softmax" }];
}

function termsOf(
  { sum: { scope }, biases, vector }: AdditiveScores,
  queries: Value,
  keys: Value,
): FoundAttention["additive"] {
  const axes = ["…", "d"];
  return {
    additiveQuery: {
      axes,
      make: (to) =>
        biases.reduce(
          (sum, bias) => to.one(scope, "Add", [sum, to.asFloat(bias)]),
          to.one(scope, "Identity", [to.asFloat(queries)]),
        ),
    },
    additiveKey: { axes, make: (to) => to.one(scope, "Identity", [to.asFloat(keys)]) },
    ...(vector && {
      additiveVector: { axes, make: (to) => to.one(scope, "Reshape", [to.asFloat(vector), row(to, scope)]) },
    }),
  };
}

function row(to: Additions, scope: Op["scope"]): string {
  return to.constant(scope, { type: "int64", dims: [2], numbers: [1, -1] });
}

/** The Add whose Tanh the scores are reduced from, where both its terms are content. */
function sumBehind(scores: Value, { origins }: Known): AdditiveScores | undefined {
  interface Visit {
    readonly value: Value;
    readonly vector?: Value;
    readonly changes: readonly Change[];
    readonly isInPlace: boolean;
  }
  let open: Visit[] = [{ value: scores, changes: [], isInPlace: true }];
  for (let distance = 0; distance < FARTHEST && open.length; distance++) {
    const next: Visit[] = [];
    for (const { value, vector, changes, isInPlace } of open) {
      const op = value.producer;
      if (!op) continue;
      if (op.node.opType === "Tanh") {
        const found = biasFree(op.inputs[0]?.producer, origins);
        if (found) return { ...found, ...(vector && { vector }), changes };
      }
      if (!PASSES.has(op.node.opType) && !reduces(op)) continue;
      const stored = op.inputs.find((input) => input !== undefined && origins.isConstant(input));
      const own = reduces(op) ? op.inputs[1] : op.node.opType === "Mul" ? stored : undefined;
      const isReduction = own !== undefined && vector === undefined;
      const isChange = !isReduction && !KEEPS.has(op.node.opType);
      for (const [inputIndex, input] of op.inputs.entries()) {
        if (!input || !origins.isData(input)) continue;
        next.push({
          value: input,
          vector: vector ?? own,
          changes: isChange ? [{ op, inputIndex, isInPlace }, ...changes] : changes,
          isInPlace: isInPlace && (isChange || STAYS.has(op.node.opType)),
        });
      }
    }
    open = next.slice(0, 64);
  }
  return undefined;
}

/** A product with one stored vector. */
function reduces(op: Op): boolean {
  const dims = op.inputs[1] && storedTensor(op.inputs[1])?.dims;
  if (op.node.opType === "MatMul") return dims?.at(-1) === 1;
  return op.node.opType === "Gemm" && (dims?.[0] === 1 || dims?.[1] === 1);
}

/** Steps over the addition of a stored bias to the addition of two terms of content. */
function biasFree(
  op: Op | undefined,
  origins: Known["origins"],
): Pick<AdditiveScores, "sum" | "biases"> | undefined {
  const biases: Value[] = [];
  for (let at = op, step = 0; at?.node.opType === "Add" && step < 4; step++) {
    const [a, b] = at.inputs;
    if (!a || !b) return undefined;
    if (origins.isData(a) && origins.isData(b)) return { sum: at, biases };
    biases.push(origins.isData(a) ? b : a);
    at = (origins.isData(a) ? a : b).producer;
  }
  return undefined;
}

/** How many operations a value shares with the values: keys come from where the values come from. */
function closeness(value: Value, values: Value, known: Known): number {
  const near = (from: Value): Set<Value> => {
    const seen = new Set([from]);
    let open = [from];
    for (let distance = 0; distance < 6; distance++) {
      const before = open.flatMap((one) => one.producer?.inputs ?? []).filter((input) => input !== undefined);
      open = before.filter((input) => known.origins.isData(input) && !seen.has(input)).slice(0, 64);
      for (const one of open) seen.add(one);
    }
    return seen;
  };
  const others = near(values);
  return [...near(value)].filter((one) => others.has(one)).length;
}

/** sum(weights x values): a Mul and a ReduceSum in place of a product. */
function weightedSum(softmax: SoftmaxPlace, known: Known): { values: Value; axes: string[] } | undefined {
  const rank = known.shapes.dimsOf(softmax.output)?.length;
  for (const { op, inputIndex } of softmax.output.consumers) {
    const other = op.node.opType === "Mul" ? op.inputs[1 - inputIndex] : undefined;
    if (!other || !rank || !known.origins.isData(other)) continue;
    if (!op.outputs[0]?.consumers.some((next) => next.op.node.opType === "ReduceSum")) continue;
    const stated = softmax.axis ?? -1;
    const keyAxis = stated < 0 ? stated + rank : stated;
    const axes = Array.from({ length: rank }, (_, axis) =>
      axis === keyAxis ? "k" : axis === 0 ? "bh" : "q",
    );
    return { values: other, axes };
  }
  return undefined;
}
