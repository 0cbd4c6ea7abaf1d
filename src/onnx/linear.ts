import type { Additions } from "./additions";
import type { Place } from "./attention";
import type { Op, Value } from "./dataflow";
import { dequantised, dequantisedBlocks, scaleBehind } from "./dequantise";
import { numberOf } from "./graph";
import type { Known } from "./known";
import { productOf, type Product } from "./product";

/** A product of content with stored weights, whatever operator computes it: x W, W [nIn, nOut]. */
export interface Linear {
  readonly op: Op;
  /** What is multiplied, as a number (before it was quantised); its features are its last axis. */
  readonly data: Place;
  /** [nIn, nOut] in float32, dequantised by appended nodes where the file holds integers. */
  readonly weight: Place;
  /** Where the product comes out as a number. */
  readonly output: Value;
  /** Added by the operator itself, [nOut]. */
  readonly bias?: Place;
}

/** The product of `value` with stored weights that this operation computes; a sentence where it is one that cannot be read. */
export function linearAt(op: Op, value: Value, known: Known): Linear | string | undefined {
  const quantised = quantisedAt(op, value, known);
  if (quantised) return quantised;
  const product = productOf(op);
  if (!product) return undefined;
  const isLeft = product.left === value;
  const weight = isLeft ? product.right : product.left;
  if (!known.origins.isConstant(weight)) return undefined;
  const dims = known.shapes.dimsOf(weight);
  if (!isLeft) return "its weights stand on the left of the product";
  if (!dims || dims.length < 2) return undefined;
  if (op.node.opType === "Einsum") return einsum(product, known);
  if (!product.leftAxes.endsWith("n")) return "its input is transposed by the product";
  if (dims.slice(0, -2).some((dim) => dim !== 1)) return "its weights are one matrix for each of a batch";
  const isTransposed = product.rightAxes.endsWith("n");
  return {
    op,
    data: { value, axes: ["…", "c"] },
    weight: {
      axes: ["c", "m"],
      make: (to) => {
        const name = isTransposed ? transposed(to, op, to.asFloat(weight), dims.length) : to.asFloat(weight);
        return scaled(to, op, matrix(to, op, name, dims.length), product.factor);
      },
    },
    output: product.output,
    ...gemmBias(op),
  };
}

function gemmBias({ node, inputs, scope }: Op): Pick<Linear, "bias"> {
  const added = inputs[2];
  if (!added || !/^(Fused)?Gemm$/.test(node.opType)) return {};
  const beta = numberOf(node, "beta") ?? 1;
  const make = (to: Additions) => {
    const name = to.asFloat(added);
    return beta === 1
      ? to.one(scope, "Identity", [name])
      : to.one(scope, "Mul", [name, to.constant(scope, { type: "float32", dims: [], numbers: [beta] })]);
  };
  return { bias: { axes: ["m"], make } };
}

/** [nHeads, dHead, dModel] as some exporters keep it: brought to [nHeads x dHead, dModel]. */
function einsum(
  { op, left, right, output, ...axes }: Product,
  { shapes }: Known,
): Linear | string | undefined {
  const [data, weight] = [[...axes.leftAxes], [...axes.rightAxes]];
  const contracted = data.filter((letter) => weight.includes(letter) && !axes.outputAxes.includes(letter));
  const own = weight.filter((letter) => !data.includes(letter));
  if (own.length !== 1 || contracted.length + 1 !== weight.length || !axes.outputAxes.endsWith(own[0]!)) {
    return "its weights are multiplied over axes that are not those of the heads";
  }
  if (data.includes(".") || shapes.dimsOf(left)?.length !== data.length)
    return "its axes are not written out";
  const rest = data.filter((letter) => !contracted.includes(letter));
  const flat = (to: Additions, name: string, from: string[], order: string[], shape: number[]) => {
    const perm = order.map((letter) => from.indexOf(letter));
    const moved = perm.every((axis, i) => axis === i)
      ? name
      : to.one(op.scope, "Transpose", [name], [{ name: "perm", ints: perm }]);
    return to.one(op.scope, "Reshape", [
      moved,
      to.constant(op.scope, { type: "int64", dims: [shape.length], numbers: shape }),
    ]);
  };
  const width = weight
    .map((letter, i) => (letter === own[0] ? 1 : Number(shapes.dimsOf(right)?.[i])))
    .reduce((a, b) => a * b, 1);
  if (!Number.isInteger(width)) return "the size of its weights is not known before the run";
  return {
    op,
    data: {
      axes: ["…", "c"],
      make: (to) => flat(to, to.asFloat(left), data, [...rest, ...contracted], [-1, width]),
    },
    weight: {
      axes: ["c", "m"],
      make: (to) => flat(to, to.asFloat(right), weight, [...contracted, ...own], [width, -1]),
    },
    output,
  };
}

/** Products with integers. Inputs as in ContribOperators.md of ONNX Runtime 1.23 and Operators.md of ONNX. */
function quantisedAt(op: Op, value: Value, known: Known): Linear | string | undefined {
  const { node, inputs } = op;
  const at = (index: number) => inputs[index];
  const [output] = op.outputs;
  if (!output) return undefined;
  const constant = (index: number) => {
    const input = at(index);
    return input && known.origins.isConstant(input) ? input : undefined;
  };
  const bias = (index: number): Pick<Linear, "bias"> => {
    const input = at(index);
    return input
      ? { bias: { axes: ["m"], make: (to) => to.one(op.scope, "Identity", [to.asFloat(input)]) } }
      : {};
  };
  const data: Place = { value: beforeQuantising(value), axes: ["…", "c"] };
  const integers = (
    weight: Value,
    scale: Value,
    zero: Value | undefined,
    more: Partial<Linear> = {},
  ): Linear => ({
    op,
    data,
    weight: { axes: ["c", "m"], make: (to) => dequantised(to, op.scope, weight, scale, zero) },
    output,
    ...more,
  });
  switch (node.opType) {
    case "MatMulInteger": {
      const weight = constant(1);
      if (!weight || value !== at(0)) return undefined;
      const found = scaleBehind(output, known);
      return found
        ? integers(weight, found.scale, at(3), { output: found.output })
        : "its integer weights have a scale that was not found";
    }
    case "QLinearMatMul": {
      const weight = constant(3);
      const scale = at(4);
      return weight && scale && value === at(0) ? integers(weight, scale, at(5)) : undefined;
    }
    case "DynamicQuantizeMatMul": {
      const weight = constant(1);
      const scale = at(2);
      return weight && scale ? integers(weight, scale, at(3), bias(4)) : undefined;
    }
    case "MatMulIntegerToFloat": {
      const weight = constant(1);
      const scale = at(3);
      return weight && scale ? integers(weight, scale, at(5), bias(6)) : undefined;
    }
    case "MatMulNBits": {
      const bits = numberOf(node, "bits") ?? 4;
      if (bits !== 4 && bits !== 8) return `its weights have ${bits} bits each`;
      if (at(4)) return "its blocks of weights are in an order of their own (g_idx)";
      return {
        op,
        data,
        weight: { axes: ["c", "m"], make: (to) => dequantisedBlocks(to, op, bits) },
        output,
        ...bias(5),
      };
    }
  }
  return undefined;
}

function beforeQuantising(value: Value): Value {
  const op = value.producer;
  const isQuantised = op?.node.opType === "DynamicQuantizeLinear" || op?.node.opType === "QuantizeLinear";
  return (isQuantised && op.inputs[0]) || value;
}

function transposed(to: Additions, { scope }: Op, name: string, rank: number): string {
  const perm = Array.from({ length: rank }, (_, axis) =>
    axis < rank - 2 ? axis : axis === rank - 2 ? rank - 1 : rank - 2,
  );
  return to.one(scope, "Transpose", [name], [{ name: "perm", ints: perm }]);
}

/** Leading axes of 1 away; a copy in any case, since a stored tensor itself cannot be handed over. */
function matrix(to: Additions, { scope }: Op, name: string, rank: number): string {
  if (rank === 2) return to.one(scope, "Identity", [name]);
  // 0 keeps the axis of the input that stands there, which is a leading one: so the sizes are taken from its end.
  const shape = to.one(scope, "Shape", [name]);
  const at = (number: number) => to.constant(scope, { type: "int64", dims: [1], numbers: [number] });
  const last = to.one(scope, "Slice", [shape, at(rank - 2), at(rank), at(0)]);
  return to.one(scope, "Reshape", [name, last]);
}

function scaled(to: Additions, { scope }: Op, name: string, factor: number): string {
  if (factor === 1) return name;
  return to.one(scope, "Mul", [name, to.constant(scope, { type: "float32", dims: [], numbers: [factor] })]);
}
