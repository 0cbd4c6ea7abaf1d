import type { Op } from "./dataflow";
import { elementType, numberOf } from "./graph";
import type { Shapes } from "./shapes";

/** Operators whose result is true or false. */
export const COMPARISONS = new Set(
  "Equal Less LessOrEqual Greater GreaterOrEqual And Or Not Xor IsNaN IsInf".split(" "),
);

/** The element type of an operation's output, as the operators' specifications say; "" where it does not follow. */
export function inferType(op: Op, index: number, shapes: Shapes): string {
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
