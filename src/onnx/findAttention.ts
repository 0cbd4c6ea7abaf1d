import { findAdditive } from "./additive";
import type { FoundAttention, NotFound, Place } from "./attention";
import { axesAfter, axesOfProduct, softmaxAxis } from "./axes";
import type { Op, Value } from "./dataflow";
import { headCounts } from "./headCounts";
import type { Known } from "./known";
import { headOutput, namesByLetter, productOperand, valueOperand } from "./operands";
import { productAfter, productsBefore } from "./paths";
import type { Path, Step } from "./paths";
import type { Product } from "./product";
import { axisNames, rolesOf } from "./roles";
import { formulaOf } from "./scoreSteps";
import { pathTraits } from "./scoreTraits";
import type { Shapes } from "./shapes";
import { softmaxAt } from "./softmax";
import type { SoftmaxPlace } from "./softmax";

/** Attention that is spelled out: a product of queries and keys, a softmax over the keys, a product with values. */
export function findSpelledOut(known: Known): { found: FoundAttention[]; notFound: NotFound[] } {
  const found: FoundAttention[] = [];
  const notFound: NotFound[] = [];
  for (const op of known.flow.ops) {
    const softmax = softmaxAt(op);
    if (!softmax) continue;
    const result = findAdditive(softmax, known) ?? spelledOut(softmax, known);
    if (typeof result === "string") notFound.push({ op, reason: result });
    else if (result && isInLoop(op))
      notFound.push({ op, reason: "it is inside a loop (Loop or Scan), once for each step" });
    else if (result) found.push(result);
  }
  return { found: withoutTwins(found), notFound };
}

/** Softmaxes that are combined before they meet the values (Ye et al. 2025, differential attention) hand over one matrix. */
function withoutTwins(found: readonly FoundAttention[]): FoundAttention[] {
  const first = new Map<Value, FoundAttention>();
  for (const attention of found) {
    const weights = valueOf(attention.weights);
    const twin = weights && first.get(weights);
    if (twin) first.set(weights, { ...twin, notes: [...new Set([...twin.notes, COMBINED])] });
    else if (weights) first.set(weights, attention);
  }
  return found.flatMap((attention) => {
    const weights = valueOf(attention.weights);
    if (!weights) return [attention];
    const kept = first.get(weights);
    return kept?.op === attention.op ? [kept] : [];
  });
}

const COMBINED = "two softmaxes are combined before the values, so rows need not sum to 1";

function valueOf(place: Place): Value | undefined {
  return "value" in place ? place.value : undefined;
}

function isInLoop(op: Op): boolean {
  for (let at: Op["scope"] | undefined = op.scope; at; at = at.parent) if (at.kind === "body") return true;
  return false;
}

/** Undefined where this softmax has nothing to do with attention; a reason where it looks like it but cannot be taken. */
function spelledOut(softmax: SoftmaxPlace, known: Known): FoundAttention | string | undefined {
  const { origins, shapes } = known;
  const { op, input, output } = softmax;
  const after = productAfter(
    output,
    (product) => origins.isData(product.left) && origins.isData(product.right),
  );
  if (!after) return undefined;
  const values = after.side === "left" ? after.product.right : after.product.left;
  const before = productsBefore(input, ({ left, right }) => origins.isData(left) || origins.isData(right));
  const path = chooseProduct(before, values, known);
  if (!path) return undefined;

  const axes = axesAfter(axesOfProduct(path.product, shapes), path.steps, shapes);
  const opset = known.flow.model.opsets[""] ?? 0;
  const keyAxis = axes.at(softmaxAxis(opset, softmax.axis, axes.length)) ?? "?";
  const roles = rolesOf(path.product, keyAxis, shapes);
  if (!roles) {
    const both = origins.isData(path.product.left) && origins.isData(path.product.right);
    return both ? "its softmax does not run over the keys of the product before it" : undefined;
  }
  if (!origins.isData(roles.keys)) return undefined;
  if (!axes.includes(roles.queryLetter)) {
    return "each query has its own window of keys, so there is no matrix of all queries and keys";
  }

  const names = axisNames(axes, roles, shapes);
  const byLetter = namesByLetter(axes, names);
  const scoresValue = scoresBefore(path, input);
  const changes = changesOf(after);
  const weights = weightsChain(output, names, after, changes, shapes);
  return {
    pattern: `${productName(path.product)}-softmax-${productName(after.product)}`,
    op,
    queriesFrom: roles.queries,
    keysFrom: roles.keys,
    weights,
    scores: { value: scoresValue, axes: names },
    q: productOperand(path.product, roles.queries, roles.queryLetter, names, byLetter, shapes),
    k: productOperand(path.product, roles.keys, keyAxis, names, byLetter, shapes),
    v: valueOperand(after, names, shapes),
    output: headOutput(after, names, shapes),
    scoreProduct: path.product,
    valueProduct: after.product,
    formula: formulaOf(path, roles, changes, softmax.sink, known),
    ...headCounts(names, op, roles, known),
    ...pathTraits(path, after, known),
    ...(softmax.sink !== undefined && { hasSink: true }),
  };
}

function productName(product: Product): string {
  return product.op.node.opType === "Einsum" ? "einsum" : "matmul";
}

/** Both operands from content; then not moved by position (relative terms are); then the nearest. */
function chooseProduct(paths: readonly Path[], values: Value, known: Known): Path | undefined {
  const { origins } = known;
  const valueInputs = origins.inputsOf(values);
  const rank = (path: Path): number => {
    const { left, right } = path.product;
    const both = origins.isData(left) && origins.isData(right) ? 0 : 4;
    const moved = path.steps.some(({ op }) => op.node.opType === "Slice" || op.node.opType === "Split")
      ? 2
      : 0;
    const related = [left, right].some((value) => origins.inputsOf(value) === valueInputs) ? 0 : 1;
    return both + moved + related;
  };
  return [...paths].sort((a, b) => rank(a) - rank(b))[0];
}

const CHANGES_WEIGHTS = new Set(
  "Mul Add Sub Div Where Slice Split Concat Clip Max Min MatMul Conv".split(" "),
);

/** What happens to the weights behind the softmax, up to the last operation that changes them. */
function changesOf(after: Path): readonly Step[] {
  return after.steps.slice(0, after.steps.findLastIndex(({ op }) => CHANGES_WEIGHTS.has(op.node.opType)) + 1);
}

/** The weights as they enter the product with the values, before casts, quantising and folding. */
function weightsChain(
  output: Value,
  names: readonly string[],
  after: Path,
  steps: readonly Step[],
  shapes: Shapes,
): Place {
  if (!steps.length) return { value: output, axes: names };
  const next = after.steps[steps.length];
  const value = (next ? next.op.inputs[next.inputIndex] : undefined) ?? operandOf(after);
  return { value, axes: axesAfter(names, steps, shapes) };
}

function operandOf(path: Path): Value {
  return path.side === "left" ? path.product.left : path.product.right;
}

/** Scores without the column of a sink. */
function scoresBefore(path: Path, input: Value): Value {
  const sink = path.steps.find(({ op }) => op.node.opType === "Concat");
  return sink?.op.inputs[sink.inputIndex] ?? input;
}
