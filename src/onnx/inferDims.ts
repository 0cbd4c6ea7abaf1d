import type { Op } from "./dataflow";
import {
  broadcast,
  concatenated,
  gathered,
  matmulDims,
  normal,
  reduced,
  reshaped,
  squeezed,
  transposed,
  unknownOf,
  unsqueezed,
} from "./dims";
import { isStandard, numberOf, numbersOf } from "./graph";
import { COMPARISONS } from "./inferType";
import type { Dim, Dims } from "./shapeValues";
import type { Shapes } from "./shapes";

/** The dims of an operation's output, as far as they follow from its inputs. */
export function inferDims(op: Op, index: number, shapes: Shapes): Dims | undefined {
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

function splitDims(op: Op, index: number, dims: Dims | undefined, shapes: Shapes): Dims | undefined {
  if (!dims) return undefined;
  const at = normal(numberOf(op.node, "axis") ?? 0, dims.length);
  const sizes = numbersOf(op.node, "split") ?? (op.inputs[1] && shapes.numbersOf(op.inputs[1]));
  const whole = dims[at];
  const even = typeof whole === "number" ? Math.ceil(whole / op.node.outputs.length) : null;
  return dims.map((dim, axis) => (axis === at ? (sizes?.[index] ?? even) : dim));
}
