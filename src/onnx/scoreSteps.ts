import type { ScoreStep } from "../core/recompute";
import type { Place } from "./attention";
import { axesAfter, axesOfProduct } from "./axes";
import type { Op, Value } from "./dataflow";
import { numberOf } from "./graph";
import type { Known } from "./known";
import type { Path, Step } from "./paths";
import { axisNames } from "./roles";
import type { Roles } from "./roles";
import { scalarOf } from "./scoreTraits";
import type { Shapes } from "./shapes";
import type { SoftmaxPlace } from "./softmax";

/** How weights follow from q·k, step by step, as it can be computed again; a sentence where it cannot. */
export type Formula = readonly ScoreStep<Place>[] | string;

/** Keep each number where it is, or only move it. */
const MOVES = new Set(
  "Identity Cast CastLike Dropout Reshape Transpose Unsqueeze Squeeze Flatten Expand QuantizeLinear DequantizeLinear DynamicQuantizeLinear".split(
    " ",
  ),
);

/** The formula of attention that is spelled out: what lies between its product, its softmax and the product after it. */
export function formulaOf(
  path: Path,
  roles: Roles,
  after: readonly Step[],
  sink: SoftmaxPlace["sink"],
  known: Known,
): Formula {
  if (sink === "unknown") return "what is added to the sum of its exponents is no number of the graph";
  const letters = axesOfProduct(path.product, known.shapes);
  const steps: ScoreStep<Place>[] = [];
  if (path.product.factor !== 1) steps.push({ kind: "multiply", by: path.product.factor });
  // The first factor behind a product of integers makes numbers of them; q and k are handed over as numbers.
  let isInteger = path.product.op.node.opType === "MatMulInteger";
  const all = [...path.steps, undefined, ...after];
  for (const [index, step] of all.entries()) {
    if (!step) {
      if (sink !== undefined) steps.push({ kind: "sink", term: sink });
      steps.push({ kind: "softmax" });
      continue;
    }
    if (isInteger && step.op.node.opType === "Mul") {
      isInteger = false;
      continue;
    }
    const before = path.steps.slice(0, Math.min(index, path.steps.length));
    const names = axisNames(axesAfter(letters, before, known.shapes), roles, known.shapes);
    const own = stepOf(step, names, known);
    if (typeof own === "string") return own;
    if (own.some(hasTerm) && isCutUp(before, path, known.shapes)) {
      return `${step.op.node.opType} takes its scores cut into more axes than queries and keys`;
    }
    steps.push(...own);
  }
  return steps;
}

function hasTerm(step: ScoreStep<Place>): boolean {
  return Object.values(step).some((value) => typeof value === "object");
}

/** Whether a Reshape has made several axes of the queries' or the keys' (rows and columns of an image), as far as lengths are known. */
function isCutUp(steps: readonly Step[], { product }: Path, shapes: Shapes): boolean {
  const lengthsOf = (value: Value | undefined) => value && shapes.dimsOf(value)?.slice(-2);
  const whole = lengthsOf(product.output);
  const last = steps.findLast(({ op }) => op.node.opType === "Reshape")?.op;
  const own = lengthsOf(last?.outputs[0]);
  const isKnown = [...(whole ?? []), ...(own ?? [])].every((length) => typeof length === "number");
  const rank = (value: Value | undefined) => (value && shapes.dimsOf(value)?.length) ?? 0;
  return (
    isKnown &&
    own !== undefined &&
    whole !== undefined &&
    rank(last?.outputs[0]) > rank(product.output) &&
    own.join() !== whole.join()
  );
}

/** One operation on scores whose axes have these names, as it can be computed again; a sentence where it cannot. */
export function stepOf(
  { op, inputIndex }: Step,
  axes: readonly string[],
  known: Known,
): ScoreStep<Place>[] | string {
  const { opType } = op.node;
  if (MOVES.has(opType)) return [];
  const term = (value: Value | undefined): number | Place | undefined =>
    value && (scalarOf(value, known) ?? { value, axes });
  const other = term(op.inputs[inputIndex === 0 ? 1 : 0]);
  switch (opType) {
    case "Tanh":
      return [{ kind: "tanh" }];
    case "Neg":
      return [{ kind: "multiply", by: -1 }];
    case "Clip":
      return clip(op, term);
    case "Where":
      return choice(op, inputIndex, axes, term);
    case "Concat":
      return other === undefined ? [] : [{ kind: "sink", term: other }];
  }
  if (other !== undefined) {
    switch (opType) {
      case "Mul":
        return [{ kind: "multiply", by: other }];
      case "Div":
        return [{ kind: "divide", by: other }];
      case "Add":
        return [{ kind: "add", term: other }];
      case "Sub":
        return inputIndex === 0
          ? [{ kind: "subtract", term: other }]
          : [
              { kind: "multiply", by: -1 },
              { kind: "add", term: other },
            ];
      case "Max":
        return [{ kind: "atLeast", term: other }];
      case "Min":
        return [{ kind: "atMost", term: other }];
    }
  }
  if (opType === "MatMul" || opType === "Conv") return "its heads are mixed with each other (talking heads)";
  // What a sink got is cut off behind the softmax; rows are compared as far as they have keys.
  if (opType === "Slice" || opType === "Split") return [];
  return `${opType} lies between its product and its weights`;
}

type Term = (value: Value | undefined) => number | Place | undefined;

function clip(op: Op, term: Term): ScoreStep<Place>[] {
  const least = term(op.inputs[1]) ?? numberOf(op.node, "min");
  const most = term(op.inputs[2]) ?? numberOf(op.node, "max");
  return [
    ...(least === undefined ? [] : [{ kind: "atLeast", term: least } as const]),
    ...(most === undefined ? [] : [{ kind: "atMost", term: most } as const]),
  ];
}

function choice(
  op: Op,
  inputIndex: number,
  axes: readonly string[],
  term: Term,
): ScoreStep<Place>[] | string {
  const where = op.inputs[0];
  const other = term(op.inputs[inputIndex === 1 ? 2 : 1]);
  if (!where || other === undefined)
    return "Where without its condition lies between its product and its weights";
  return [{ kind: "select", where: { value: where, axes }, keepsZero: inputIndex === 2, other }];
}
