import type { FoundAttention, NotFound, Place } from "./attention";
import { findAdditive } from "./additive";
import { axesAfter, axesOfProduct, expandLeading, softmaxAxis } from "./axes";
import { storedNumbers } from "./constants";
import type { Dataflow, Op, Value } from "./dataflow";
import { numbersOf } from "./graph";
import type { Origins } from "./origins";
import { productAfter, productsBefore } from "./paths";
import type { Path } from "./paths";
import type { Product } from "./product";
import type { Shapes } from "./shapes";
import { softmaxAt } from "./softmax";
import type { SoftmaxPlace } from "./softmax";

/** What is known of a graph while attention is looked for. */
export interface Known {
  readonly flow: Dataflow;
  readonly origins: Origins;
  readonly shapes: Shapes;
}

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
  return { found, notFound };
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
  const roles = rolesOf(path.product, keyAxis);
  if (!roles) {
    const both = origins.isData(path.product.left) && origins.isData(path.product.right);
    return both ? "its softmax does not run over the keys of the product before it" : undefined;
  }
  if (!origins.isData(roles.keys)) return undefined;
  if (!axes.includes(roles.queryLetter)) {
    return "each query has its own window of keys, so there is no matrix of all queries and keys";
  }

  const names = axisNames(axes, roles, shapes);
  const scoresValue = scoresBefore(path, input);
  const weights = weightsChain(output, names, after, shapes);
  return {
    pattern: `${productName(path.product)}-softmax-${productName(after.product)}`,
    op,
    queriesFrom: roles.queries,
    keysFrom: roles.keys,
    weights,
    scores: { value: scoresValue, axes: names },
    q: operand(path.product, roles.queries, roles.queryLetter, names, shapes),
    k: operand(path.product, roles.keys, keyAxis, names, shapes),
    v: valueOperand(after, names, shapes),
    output: headOutput(after, names, shapes),
    scoreProduct: path.product,
    valueProduct: after.product,
    ...headCounts(names, op, roles, known),
    ...pathTraits(path, after, known),
  };
}

function productName(product: Product): string {
  return product.op.node.opType === "Einsum" ? "einsum" : "matmul";
}

interface Roles {
  readonly queries: Value;
  readonly keys: Value;
  readonly queryLetter: string;
  readonly keyLetter: string;
  /** Whether the features of the queries come last: [.., p, d]. */
  readonly queryIsFirst: boolean;
}

/** The keys are the operand whose own axis the softmax runs over. */
function rolesOf(product: Product, keyLetter: string): Roles | undefined {
  const onlyLeft = own(product.leftAxes, product.rightAxes, product.outputAxes);
  const onlyRight = own(product.rightAxes, product.leftAxes, product.outputAxes);
  if (onlyRight.includes(keyLetter) && onlyLeft.length) {
    return {
      queries: product.left,
      keys: product.right,
      queryLetter: onlyLeft.at(-1) ?? "",
      keyLetter,
      queryIsFirst: true,
    };
  }
  if (onlyLeft.includes(keyLetter) && onlyRight.length) {
    return {
      queries: product.right,
      keys: product.left,
      queryLetter: onlyRight.at(-1) ?? "",
      keyLetter,
      queryIsFirst: false,
    };
  }
  return undefined;
}

function own(axes: string, others: string, output: string): string[] {
  return [...axes].filter((letter) => letter !== "." && !others.includes(letter) && output.includes(letter));
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

/** Names of the axes by what they are: the key, the query, and the leading ones by their number. */
function axisNames(axes: readonly string[], roles: Roles, shapes: Shapes): string[] {
  const isOwn = (letter: string) => letter === roles.keyLetter || letter === roles.queryLetter;
  const leading = axes.filter((letter) => !isOwn(letter));
  const third = isGrouped(roles, axes, shapes) ? ["b", "h", "g"] : ["b", "w", "h"];
  const names = [[], ["bh"], ["b", "h"], third][leading.length] ?? ["b", "w", "w", "h"];
  let next = 0;
  return axes.map((letter) =>
    letter === roles.keyLetter ? "k" : letter === roles.queryLetter ? "q" : (names[next++] ?? "?"),
  );
}

/** Whether the third leading axis counts query heads that share a key head: the keys have no such axis, or one of 1. */
function isGrouped(roles: Roles, axes: readonly string[], shapes: Shapes): boolean {
  const dims = shapes.dimsOf(roles.keys);
  if (!dims) return true;
  return dims.length < axes.length || dims[axes.length - 3] === 1;
}

const CHANGES_WEIGHTS = new Set(
  "Mul Add Sub Div Where Slice Split Concat Clip Max Min MatMul Conv".split(" "),
);

/** The weights as they enter the product with the values, before casts, quantising and folding. */
function weightsChain(output: Value, names: readonly string[], after: Path, shapes: Shapes): Place {
  const last = after.steps.findLastIndex(({ op }) => CHANGES_WEIGHTS.has(op.node.opType));
  if (last < 0) return { value: output, axes: names };
  const steps = after.steps.slice(0, last + 1);
  const next = after.steps[last + 1];
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

function operand(
  product: Product,
  value: Value,
  positionLetter: string,
  names: readonly string[],
  shapes: Shapes,
): Place {
  const letters = expandLeading(
    value === product.left ? product.leftAxes : product.rightAxes,
    shapes.dimsOf(value)?.length ?? names.length,
  );
  const contracted = [...product.leftAxes].filter(
    (letter) => product.rightAxes.includes(letter) && !product.outputAxes.includes(letter),
  );
  return beforeTranspose(beforeQuantising(value), nameLetters(letters, positionLetter, contracted, names));
}

function valueOperand(after: Path, names: readonly string[], shapes: Shapes): Place {
  const { product } = after;
  const [value, axes, other] =
    after.side === "left"
      ? [product.right, product.rightAxes, product.leftAxes]
      : [product.left, product.leftAxes, product.rightAxes];
  const keyLetters = [...axes].filter(
    (letter) => other.includes(letter) && !product.outputAxes.includes(letter),
  );
  const features = own(axes, other, product.outputAxes);
  const letters = expandLeading(axes, shapes.dimsOf(value)?.length ?? names.length);
  return beforeTranspose(beforeQuantising(value), nameLetters(letters, keyLetters[0] ?? "", features, names));
}

function headOutput(after: Path, names: readonly string[], shapes: Shapes): Place {
  const { product } = after;
  const [axes, other] =
    after.side === "left" ? [product.rightAxes, product.leftAxes] : [product.leftAxes, product.rightAxes];
  const features = own(axes, other, product.outputAxes);
  const queries = own(other, axes, product.outputAxes);
  const letters = expandLeading(product.outputAxes, shapes.dimsOf(product.output)?.length ?? names.length);
  return {
    value: afterScaling(product.output),
    axes: nameLetters(letters, queries.at(-1) ?? "", features, names),
  };
}

/** The same tensor before a Transpose that the runtime may want to fuse into the product. */
function beforeTranspose(value: Value, axes: readonly string[]): Place {
  const op = value.producer;
  const perm = op?.node.opType === "Transpose" ? numbersOf(op.node, "perm") : undefined;
  const input = op?.inputs[0];
  if (!perm || !input || perm.length !== axes.length) return { value, axes };
  const before = axes.map(() => "?");
  perm.forEach((from, to) => (before[from] = axes[to] ?? "?"));
  return { value: input, axes: before };
}

/** What an operand of an integer product stands for. */
function beforeQuantising(value: Value): Value {
  const op = value.producer;
  const isQuantised = op?.node.opType === "DynamicQuantizeLinear" || op?.node.opType === "QuantizeLinear";
  return (isQuantised && op.inputs[0]) || value;
}

/** The result of an integer product as a number: behind its Cast and Mul. */
function afterScaling(value: Value): Value {
  if (value.producer?.node.opType !== "MatMulInteger") return value;
  let at = value;
  for (const opType of ["Cast", "Mul"]) {
    const next = at.consumers.find(({ op }) => op.node.opType === opType);
    at = next?.op.outputs[0] ?? at;
  }
  return at;
}

/** Leading axes take the names that the weights' leading axes have, counted from the matrix outwards. */
function nameLetters(
  letters: readonly string[],
  position: string,
  features: readonly string[],
  names: readonly string[],
): string[] {
  const leadingNames = names.filter((name) => name !== "q" && name !== "k");
  const isLeading = (letter: string) => letter !== position && !features.includes(letter);
  const nLeading = letters.filter(isLeading).length;
  const fold = nLeading === 1 && leadingNames.length === 2 ? ["bh"] : leadingNames.slice(-nLeading);
  const available = nLeading === 0 ? [] : nLeading === 2 && leadingNames.length === 1 ? ["b", "h"] : fold;
  let next = 0;
  return letters.map((letter) =>
    letter === position ? "p" : features.includes(letter) ? "d" : (available[next++] ?? "?"),
  );
}

/** From the shapes, as far as they are known before the run. */
function headCounts(
  names: readonly string[],
  op: Op,
  roles: Roles,
  { shapes }: Known,
): Pick<FoundAttention, "nHeads" | "nKeyHeads" | "dHead"> {
  const dims = op.outputs[0] && shapes.dimsOf(op.outputs[0]);
  const nHeads =
    headsOf(names, dims) ?? (names.includes("bh") ? foldedHeads(roles.queries, shapes) : undefined);
  const nKeyHeads = keyHeads(roles.keys, shapes) ?? nHeads;
  const queries = shapes.dimsOf(roles.queries);
  const dHead = queries?.at(roles.queryIsFirst ? -1 : -2);
  return {
    ...(nHeads && { nHeads }),
    ...(nKeyHeads && { nKeyHeads }),
    ...(typeof dHead === "number" && { dHead }),
  };
}

export function headsOf(
  axes: readonly string[],
  dims: readonly (number | string | null)[] | undefined,
): number | undefined {
  let heads: number | undefined;
  axes.forEach((axis, index) => {
    const dim = dims?.[index];
    if (axis === "h" || axis === "g") heads = typeof dim === "number" ? (heads ?? 1) * dim : undefined;
  });
  return heads;
}

/** Heads that a Reshape has folded into the batch: from [b, h, p, d], or out of a wider last axis. */
function foldedHeads(queries: Value, shapes: Shapes): number | undefined {
  let at: Value | undefined = queries;
  for (let step = 0; at && step < 12; step++) {
    const op: Op | undefined = at.producer;
    const input: Value | undefined = op?.inputs[0];
    if (!op || !input) return undefined;
    if (op.node.opType === "Reshape") {
      const [before, after] = [shapes.dimsOf(input), shapes.dimsOf(at)];
      const heads = before?.length === 4 ? before[1] : undefined;
      if (typeof heads === "number") return heads;
      const [wide, narrow] = [before?.at(-1), after?.at(-1)];
      if (typeof wide === "number" && typeof narrow === "number" && wide % narrow === 0) return wide / narrow;
      return undefined;
    }
    if (!["Transpose", "Mul", "Div", "Cast", "Identity"].includes(op.node.opType)) return undefined;
    at = input;
  }
  return undefined;
}

/** Heads of the keys before they are repeated for several query heads (an Expand or Tile of rank 5). */
function keyHeads(keys: Value, shapes: Shapes): number | undefined {
  let at: Value | undefined = keys;
  for (let step = 0; at && step < 12; step++) {
    const op: Op | undefined = at.producer;
    const input: Value | undefined = op?.inputs[0];
    if (!op || !input) return undefined;
    const dims = shapes.dimsOf(input);
    if ((op.node.opType === "Expand" || op.node.opType === "Tile") && dims?.length === 5) {
      const heads = dims[1];
      return typeof heads === "number" ? heads : undefined;
    }
    if (!["Reshape", "Transpose", "Mul", "Cast", "Identity", "Unsqueeze"].includes(op.node.opType))
      return undefined;
    at = input;
  }
  return undefined;
}

function pathTraits(
  path: Path,
  after: Path,
  known: Known,
): Pick<FoundAttention, "productScale" | "softcap" | "biases" | "hasSink" | "notes"> {
  const biases: Value[] = [];
  let scale: number | undefined = path.product.factor;
  let softcap: number | undefined;
  let isCapped = false;
  for (const step of path.steps) {
    const kind = step.op.node.opType;
    const other = step.op.inputs[step.inputIndex === 0 ? 1 : 0];
    if (kind === "Tanh") isCapped = true;
    else if ((kind === "Mul" || kind === "Div") && other) {
      const number = scalarOf(other, known);
      if (number === undefined) scale = undefined;
      else if (isCapped && softcap === undefined) softcap = number;
      else if (scale !== undefined) scale *= kind === "Mul" ? number : 1 / number;
    } else if ((kind === "Add" || kind === "Sub" || kind === "Max" || kind === "Min") && other)
      biases.push(other);
    else if (kind === "Where") step.op.inputs.slice(0, 1).forEach((value) => value && biases.push(value));
  }
  if (softcap !== undefined && scale !== undefined) scale *= softcap;
  return {
    biases,
    ...(scale !== undefined && { productScale: scale }),
    ...(softcap !== undefined && { softcap }),
    ...(path.steps.some(({ op }) => op.node.opType === "Concat") && { hasSink: true }),
    notes: [
      ...(after.steps.some(({ op }) => op.node.opType === "Where") ? ["rows without keys are set to 0"] : []),
      ...(after.steps.some(({ op }) => op.node.opType === "MatMul" || op.node.opType === "Conv")
        ? ["heads are mixed after the softmax (talking heads), so rows need not sum to 1"]
        : []),
    ],
  };
}

/** The number that a value is, where it is one constant number. */
export function scalarOf(value: Value, known: Known): number | undefined {
  if (!known.origins.isConstant(value)) return undefined;
  const numbers = storedNumbers(value);
  if (numbers?.length === 1) return numbers[0];
  const op = value.producer;
  const [a, b] = (op?.inputs ?? []).map((input) => (input ? scalarOf(input, known) : undefined));
  if (a === undefined) return undefined;
  switch (op?.node.opType) {
    case "Sqrt":
      return Math.sqrt(a);
    case "Cast":
    case "Identity":
    case "Reshape":
    case "Unsqueeze":
    case "Squeeze":
      return a;
    case "Reciprocal":
      return 1 / a;
    case "Neg":
      return -a;
    case "Mul":
      return b === undefined ? undefined : a * b;
    case "Div":
      return b === undefined ? undefined : a / b;
    case "Pow":
      return b === undefined ? undefined : a ** b;
  }
  return undefined;
}
