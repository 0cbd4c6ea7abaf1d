import type { Additions } from "./additions";
import type { Op, Scope, Value } from "./dataflow";
import { numberOf } from "./graph";
import type { Known } from "./known";

/** (integers - zero point) x scale in float32, by appended nodes; scale and zero point are one number, or one for each column. */
export function dequantised(
  to: Additions,
  scope: Scope,
  integers: Value,
  scale: Value,
  zero: Value | undefined,
): string {
  const number = toFloat(to, scope, integers.name);
  const centred = zero ? to.one(scope, "Sub", [number, toFloat(to, scope, zero.name)]) : number;
  return to.one(scope, "Mul", [centred, to.asFloat(scale)]);
}

/**
 * The stored scale of an integer product, and where the product comes out as a number: behind its Cast, multiplied by
 * (scale of the input x scale of the weights), in one Mul or in two.
 */
export function scaleBehind(product: Value, { origins }: Known): { scale: Value; output: Value } | undefined {
  const cast = product.consumers.find(({ op }) => op.node.opType === "Cast")?.op.outputs[0];
  const multiplied = cast?.consumers.find(({ op }) => op.node.opType === "Mul")?.op;
  const output = multiplied?.outputs[0];
  const factor = multiplied?.inputs.find((input) => input !== undefined && input !== cast);
  if (!multiplied || !output || !factor) return undefined;
  const both = factor.producer?.node.opType === "Mul" ? factor.producer.inputs : [];
  const scale = both.find((input) => input !== undefined && origins.isConstant(input));
  if (scale) return { scale, output };
  const second = output.consumers.find(({ op }) => op.node.opType === "Mul")?.op;
  const other = second?.inputs.find((input) => input !== undefined && input !== output);
  const isFirst = origins.isConstant(factor);
  const after = second?.outputs[0];
  if (!after || !other || (!isFirst && !origins.isConstant(other))) return undefined;
  return { scale: isFirst ? factor : other, output: after };
}

/**
 * The weights of com.microsoft.MatMulNBits as [K, N]: stored [N, blocks, bytes], the low half of a byte first; scales
 * [N, blocks]; zero points packed like the weights, as numbers like the scales, or absent: half of the range
 * (ContribOperators.md of ONNX Runtime 1.23).
 */
export function dequantisedBlocks(to: Additions, op: Op, bits: 4 | 8): string {
  const { scope, node, inputs } = op;
  const at = (name: string) => numberOf(node, name) ?? 0;
  const [nIn, nOut, size] = [at("K"), at("N"), at("block_size")];
  const nBlocks = Math.ceil(nIn / size);
  const ints = (...numbers: number[]) =>
    to.constant(scope, { type: "int64", dims: [numbers.length], numbers });
  const reshape = (name: string, ...shape: number[]) => to.one(scope, "Reshape", [name, ints(...shape)]);
  /** [rows, bytes] as float32 [rows, numbers]. */
  const unpacked = (name: string, rows: number) => {
    if (bits === 8) return toFloat(to, scope, reshape(name, rows, -1));
    const bytes = reshape(name, rows, -1, 1);
    const four = to.one(scope, "Cast", [ints(4)], [{ name: "to", int: 2 }]);
    const shift = (value: string, direction: string) =>
      to.one(scope, "BitShift", [value, four], [{ name: "direction", text: direction }]);
    const high = shift(bytes, "RIGHT");
    const low = to.one(scope, "Sub", [toFloat(to, scope, bytes), toFloat(to, scope, shift(high, "LEFT"))]);
    const both = to.one(scope, "Concat", [low, toFloat(to, scope, high)], [{ name: "axis", int: 2 }]);
    return reshape(both, rows, -1);
  };
  const numbers = reshape(unpacked(inputs[1]?.name ?? "", nOut), nOut, nBlocks, size);
  const zero = inputs[3];
  const isPacked = zero !== undefined && to.typeOf(zero) === "uint8";
  const zeros = !zero
    ? to.constant(scope, { type: "float32", dims: [], numbers: [2 ** (bits - 1)] })
    : isPacked
      ? reshape(
          to.one(scope, "Slice", [unpacked(zero.name, nOut), ints(0), ints(nBlocks), ints(1)]),
          nOut,
          nBlocks,
          1,
        )
      : reshape(to.asFloat(zero), nOut, nBlocks, 1);
  const scales = inputs[2] ? reshape(to.asFloat(inputs[2]), nOut, nBlocks, 1) : zeros;
  const scaled = to.one(scope, "Mul", [to.one(scope, "Sub", [numbers, zeros]), scales]);
  const rows = to.one(scope, "Slice", [reshape(scaled, nOut, -1), ints(0), ints(nIn), ints(1)]);
  return to.one(scope, "Transpose", [rows], [{ name: "perm", ints: [1, 0] }]);
}

function toFloat(to: Additions, scope: Scope, name: string): string {
  return to.one(scope, "Cast", [name], [{ name: "to", int: 1 }]);
}
