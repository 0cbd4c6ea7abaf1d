import { storedNumbers, storedTensor } from "./constants";
import type { Dataflow, Op, Value } from "./dataflow";
import { elementType, isStandard, numberOf, numbersOf } from "./graph";
import { shapeValueOf } from "./shapeValues";
import type { Dim, Dims } from "./shapeValues";

/** Element types and shapes of the values, as far as the exporter says them or they follow from the operators. */
export interface Shapes {
  dimsOf(value: Value): Dims | undefined;
  /** "float32", …; "" where unknown. */
  typeOf(value: Value): string;
  /** The content of a small integer tensor that is used as a shape. */
  numbersOf(value: Value): readonly Dim[] | undefined;
}

export function findShapes(flow: Dataflow): Shapes {
  const dims = new Map<Value, Dims | undefined>();
  const types = new Map<Value, string>();
  const contents = new Map<Value, readonly Dim[] | undefined>();

  const shapes: Shapes = {
    dimsOf: (value) => dims.get(value) ?? declaredDims(value),
    typeOf: (value) => types.get(value) ?? declaredType(value),
    numbersOf: (value) => {
      if (!contents.has(value)) contents.set(value, storedContent(value));
      return contents.get(value);
    },
  };
  for (const op of flow.ops) {
    op.outputs.forEach((value, index) => {
      const inner = value.inner[0];
      const inferred = inner ? shapes.dimsOf(inner) : inferDims(op, index, shapes);
      dims.set(value, merge(declaredDims(value), inferred));
      types.set(value, declaredType(value) || (inner ? shapes.typeOf(inner) : inferType(op, index, shapes)));
      if (index === 0) contents.set(value, storedContent(value) ?? shapeValueOf(op, shapes));
    });
  }
  return shapes;
}

function declaredDims(value: Value): Dims | undefined {
  return value.info?.dims ?? storedTensor(value)?.dims;
}

function declaredType(value: Value): string {
  return value.info?.type || storedTensor(value)?.type || "";
}

function storedContent(value: Value): readonly Dim[] | undefined {
  const tensor = storedTensor(value);
  // A shape of 64 int64 numbers: what is longer is no shape, and decoding it would be for nothing.
  if (tensor && (tensor.bytes?.byteLength ?? Infinity) > 512) return undefined;
  return storedNumbers(value);
}

/** What the exporter says wins where it is more exact. */
function merge(declared: Dims | undefined, inferred: Dims | undefined): Dims | undefined {
  if (!declared || !inferred || declared.length !== inferred.length) return declared ?? inferred;
  return declared.map((dim, axis) => {
    const other = inferred[axis] ?? null;
    return typeof dim === "number" ? dim : typeof other === "number" ? other : (dim ?? other);
  });
}

const COMPARISONS = new Set(
  "Equal Less LessOrEqual Greater GreaterOrEqual And Or Not Xor IsNaN IsInf".split(" "),
);

function inferType(op: Op, index: number, shapes: Shapes): string {
  const { node } = op;
  const typeAt = (at: number): string => (op.inputs[at] ? shapes.typeOf(op.inputs[at]) : "");
  if (COMPARISONS.has(node.opType)) return "bool";
  switch (node.opType) {
    case "Cast":
      return elementType(numberOf(node, "to") ?? 0);
    case "Shape":
    case "Size":
    case "ArgMax":
    case "NonZero":
      return "int64";
    case "Where":
      return typeAt(1) || typeAt(2);
    case "DequantizeLinear":
      return typeAt(1);
    case "QuantizeLinear":
      return typeAt(2) || "uint8";
    case "DynamicQuantizeLinear":
      return index === 1 ? "float32" : "uint8";
    case "MatMulInteger":
      return "int32";
    case "MatMulIntegerToFloat":
    case "DynamicQuantizeMatMul":
      return "float32";
    case "ConstantOfShape":
      return node.attributes.get("value")?.tensor?.type ?? "float32";
  }
  return typeAt(0) || typeAt(1);
}

function inferDims(op: Op, index: number, shapes: Shapes): Dims | undefined {
  const { node } = op;
  const dimsAt = (at: number): Dims | undefined => (op.inputs[at] ? shapes.dimsOf(op.inputs[at]) : undefined);
  const first = dimsAt(0);
  const axes = (): readonly Dim[] | undefined =>
    numbersOf(node, "axes") ?? (op.inputs[1] && shapes.numbersOf(op.inputs[1]));
  switch (node.opType) {
    case "MatMul":
    case "MatMulInteger":
    case "FusedMatMul":
    case "MatMulIntegerToFloat":
    case "DynamicQuantizeMatMul":
      return matmulDims(first, dimsAt(1), numberOf(node, "transA") === 1, numberOf(node, "transB") === 1);
    case "Gemm":
      return matmulDims(first, dimsAt(1), numberOf(node, "transA") === 1, numberOf(node, "transB") === 1);
    case "MatMulNBits":
      return first && [...first.slice(0, -1), numberOf(node, "N") ?? null];
    case "Einsum":
      return einsumDims(op, shapes);
    case "Transpose":
      return transposed(first, numbersOf(node, "perm"));
    case "Reshape":
      return reshaped(
        first,
        op.inputs[1] && shapes.numbersOf(op.inputs[1]),
        dimsAt(1),
        numberOf(node, "allowzero") === 1,
      );
    case "Unsqueeze":
      return unsqueezed(first, axes());
    case "Squeeze":
      return squeezed(first, axes());
    case "Flatten":
      return [null, null];
    case "Expand":
      return broadcast([
        first,
        op.inputs[1] && (shapes.numbersOf(op.inputs[1]) ?? unknownOf(dimsAt(1)?.[0])),
      ]);
    case "ConstantOfShape":
      return op.inputs[0] && (shapes.numbersOf(op.inputs[0]) ?? unknownOf(first?.[0]));
    case "Gather":
      return gathered(first, dimsAt(1), numberOf(node, "axis") ?? 0);
    case "GatherElements":
      return dimsAt(1);
    case "Concat":
      return concatenated(
        op.inputs.map((value) => value && shapes.dimsOf(value)),
        numberOf(node, "axis") ?? 0,
      );
    case "Split":
      return splitDims(op, index, first, shapes);
    case "Slice":
    case "Pad":
    case "Tile":
    case "Resize":
      return first?.map(() => null);
    case "Shape":
      return [first ? first.length : null];
    case "Size":
      return [];
    case "Range":
      return [null];
    case "Where":
      return broadcast([first, dimsAt(1), dimsAt(2)]);
    case "Conv":
      return first && [first[0] ?? null, dimsAt(1)?.[0] ?? null, ...first.slice(2).map(() => null)];
  }
  if (node.opType.startsWith("Reduce")) return reduced(first, axes(), numberOf(node, "keepdims") !== 0);
  if (ELEMENTWISE.has(node.opType) || COMPARISONS.has(node.opType)) {
    return broadcast(op.inputs.map((value) => value && shapes.dimsOf(value)));
  }
  if (index === 0 && (SAME_SHAPE.has(node.opType) || !isStandard(node))) return first;
  return undefined;
}

const ELEMENTWISE = new Set("Add Sub Mul Div Pow Max Min Sum Mean Mod PRelu".split(" "));
const SAME_SHAPE = new Set(
  (
    "Cast Identity Dropout Softmax LogSoftmax Tanh Sigmoid Relu Gelu Erf Exp Log Sqrt Neg Abs Sin Cos Reciprocal " +
    "LayerNormalization RMSNormalization InstanceNormalization BatchNormalization Clip Trilu QuantizeLinear " +
    "DequantizeLinear DynamicQuantizeLinear ScatterND ScatterElements CumSum LeakyRelu HardSigmoid Softplus Elu " +
    "HardSwish Mish Floor Ceil Round Sign Not"
  ).split(" "),
);

function unknownOf(rank: Dim | undefined): Dims | undefined {
  return typeof rank === "number" && rank <= 16 ? new Array<Dim>(rank).fill(null) : undefined;
}

function normal(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

export function broadcast(all: readonly (Dims | undefined)[]): Dims | undefined {
  const given = all.filter((dims) => dims !== undefined);
  if (given.length < all.length || !given.length) return undefined;
  const rank = Math.max(...given.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) => {
    const dims = given.map(
      (one) => one[one.length - rank + axis] ?? (one.length - rank + axis < 0 ? 1 : null),
    );
    const large = dims.filter((dim) => dim !== 1);
    return (
      large.find((dim) => typeof dim === "number") ??
      large.find((dim) => dim !== null) ??
      (large.length ? null : 1)
    );
  });
}

function matmulDims(
  a: Dims | undefined,
  b: Dims | undefined,
  transA: boolean,
  transB: boolean,
): Dims | undefined {
  if (!a || !b || a.length < 2 || b.length < 2) return undefined;
  const rows = a.at(transA ? -1 : -2) ?? null;
  const columns = b.at(transB ? -2 : -1) ?? null;
  return [...(broadcast([a.slice(0, -2), b.slice(0, -2)]) ?? []), rows, columns];
}

function einsumDims(op: Op, shapes: Shapes): Dims | undefined {
  const equation = op.node.attributes.get("equation")?.text?.replace(/\s/g, "") ?? "";
  const [given = "", output] = equation.split("->");
  if (output === undefined || equation.includes(".")) return undefined;
  const known = new Map<string, Dim>();
  given.split(",").forEach((letters, at) => {
    const dims = op.inputs[at] && shapes.dimsOf(op.inputs[at]);
    [...letters].forEach((letter, axis) => {
      const dim = dims?.[axis] ?? null;
      if (typeof known.get(letter) !== "number") known.set(letter, dim ?? known.get(letter) ?? null);
    });
  });
  return [...output].map((letter) => known.get(letter) ?? null);
}

function transposed(dims: Dims | undefined, perm: readonly number[] | undefined): Dims | undefined {
  if (!dims) return perm && unknownOf(perm.length);
  return perm ? perm.map((axis) => dims[axis] ?? null) : [...dims].reverse();
}

function reshaped(
  dims: Dims | undefined,
  target: readonly Dim[] | undefined,
  targetDims: Dims | undefined,
  allowZero: boolean,
): Dims | undefined {
  if (!target) return unknownOf(targetDims?.[0]);
  const result = target.map((dim, axis) => (dim === 0 && !allowZero ? (dims?.[axis] ?? null) : dim));
  const open = result.findIndex((dim) => dim === -1);
  if (open < 0) return result;
  const others = result.filter((_, axis) => axis !== open);
  const total = dims && product(dims);
  const rest = product(others);
  const solved = total !== undefined && rest ? total / rest : solveBySymbols(dims, others);
  return result.map((dim, axis) => (axis === open ? (solved ?? null) : dim));
}

/** -1 where all other axes can be struck off one by one: [b, t, 64] -> [b, t, -1] leaves 64. */
function solveBySymbols(dims: Dims | undefined, others: readonly Dim[]): Dim | undefined {
  if (!dims) return undefined;
  const rest = [...dims];
  let divisor = 1;
  for (const other of others) {
    const at = other === null ? -1 : rest.indexOf(other);
    if (at >= 0) rest.splice(at, 1);
    else if (typeof other === "number") divisor *= other;
    else return undefined;
  }
  const symbols = rest.filter((dim) => typeof dim !== "number");
  const numbers = product(rest.filter((dim) => typeof dim === "number")) ?? 1;
  if (symbols.length === 0) return numbers / divisor;
  return symbols.length === 1 && numbers === divisor ? symbols[0] : undefined;
}

function product(dims: readonly Dim[]): number | undefined {
  return dims.reduce<number | undefined>(
    (total, dim) => (total !== undefined && typeof dim === "number" ? total * dim : undefined),
    1,
  );
}

function unsqueezed(dims: Dims | undefined, axes: readonly Dim[] | undefined): Dims | undefined {
  if (!dims || !axes) return undefined;
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => normal(Number(axis), rank)));
  const rest = [...dims];
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.shift() ?? null)));
}

function squeezed(dims: Dims | undefined, axes: readonly Dim[] | undefined): Dims | undefined {
  if (!dims) return undefined;
  if (!axes)
    return dims.every((dim) => typeof dim === "number") ? dims.filter((dim) => dim !== 1) : undefined;
  const gone = new Set(axes.map((axis) => normal(Number(axis), dims.length)));
  return dims.filter((_, axis) => !gone.has(axis));
}

function gathered(data: Dims | undefined, indices: Dims | undefined, axis: number): Dims | undefined {
  if (!data || !indices) return undefined;
  const at = normal(axis, data.length);
  return [...data.slice(0, at), ...indices, ...data.slice(at + 1)];
}

function concatenated(all: readonly (Dims | undefined)[], axis: number): Dims | undefined {
  const first = all.find((dims) => dims !== undefined);
  if (!first) return undefined;
  const at = normal(axis, first.length);
  return first.map((dim, index) => {
    if (index !== at) return all.map((dims) => dims?.[index]).find((one) => typeof one === "number") ?? dim;
    return all.reduce<Dim>((sum, dims) => {
      const one = dims?.[index];
      return typeof sum === "number" && typeof one === "number" ? sum + one : null;
    }, 0);
  });
}

function splitDims(op: Op, index: number, dims: Dims | undefined, shapes: Shapes): Dims | undefined {
  if (!dims) return undefined;
  const at = normal(numberOf(op.node, "axis") ?? 0, dims.length);
  const sizes = numbersOf(op.node, "split") ?? (op.inputs[1] && shapes.numbersOf(op.inputs[1]));
  const whole = dims[at];
  const even = typeof whole === "number" ? Math.ceil(whole / op.node.outputs.length) : null;
  return dims.map((dim, axis) => (axis === at ? (sizes?.[index] ?? even) : dim));
}

function reduced(dims: Dims | undefined, axes: readonly Dim[] | undefined, keep: boolean): Dims | undefined {
  if (!dims) return undefined;
  const gone = new Set(
    (axes ?? dims.map((_, axis) => axis)).map((axis) => normal(Number(axis), dims.length)),
  );
  return keep
    ? dims.map((dim, axis) => (gone.has(axis) ? 1 : dim))
    : dims.filter((_, axis) => !gone.has(axis));
}
