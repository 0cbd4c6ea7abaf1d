import type { Op, Value } from "./dataflow";
import { isStandard, numberOf } from "./graph";

/**
 * A product of two tensors, whatever operator computes it. Axes are given by letters, as Einsum does; "." stands for all
 * leading axes of a MatMul.
 */
export interface Product {
  readonly op: Op;
  readonly left: Value;
  readonly right: Value;
  readonly output: Value;
  readonly leftAxes: string;
  readonly rightAxes: string;
  readonly outputAxes: string;
  /** Factor that the operator itself multiplies by (FusedMatMul's alpha). */
  readonly factor: number;
}

/** Whether the operands are rounded to 8 bits: MatMulInteger, MatMulIntegerToFloat, QLinearMatMul. */
export function isIntegerProduct(opType = ""): boolean {
  return /^(MatMulInteger|QLinear)/.test(opType);
}

/** The product that this operation computes, or undefined. */
export function productOf(op: Op): Product | undefined {
  const [left, right] = op.inputs;
  const output = op.outputs[0];
  if (!left || !right || !output) return undefined;
  const { node } = op;
  const parts = { op, left, right, output, factor: 1 };
  if (isStandard(node)) {
    switch (node.opType) {
      case "MatMul":
      case "MatMulInteger":
        return { ...parts, leftAxes: ".mn", rightAxes: ".np", outputAxes: ".mp" };
      case "Gemm":
        return {
          ...parts,
          leftAxes: numberOf(node, "transA") ? "nm" : "mn",
          rightAxes: numberOf(node, "transB") ? "pn" : "np",
          outputAxes: "mp",
          factor: numberOf(node, "alpha") ?? 1,
        };
      case "QLinearMatMul": {
        const second = op.inputs[3];
        return second && { ...parts, right: second, leftAxes: ".mn", rightAxes: ".np", outputAxes: ".mp" };
      }
      case "Einsum":
        return einsum(op, parts);
    }
  } else if (node.domain === "com.microsoft") {
    if (node.opType === "FusedMatMul" || node.opType === "TransposeMatMul") {
      if (numberOf(node, "transBatchA") || numberOf(node, "transBatchB")) return undefined;
      return {
        ...parts,
        leftAxes: numberOf(node, "transA") ? ".nm" : ".mn",
        rightAxes: numberOf(node, "transB") ? ".pn" : ".np",
        outputAxes: ".mp",
        factor: numberOf(node, "alpha") ?? 1,
      };
    }
    if (node.opType === "MatMulIntegerToFloat") {
      return { ...parts, leftAxes: ".mn", rightAxes: ".np", outputAxes: ".mp" };
    }
  }
  return undefined;
}

function einsum(
  op: Op,
  parts: Pick<Product, "op" | "left" | "right" | "output" | "factor">,
): Product | undefined {
  const equation = op.node.attributes
    .get("equation")
    ?.text?.replace(/\s/g, "")
    .replace(/\.\.\./g, ".");
  const match = /^([a-zA-Z.]+),([a-zA-Z.]+)->([a-zA-Z.]+)$/.exec(equation ?? "");
  if (!match || op.inputs.length !== 2) return undefined;
  const [, leftAxes = "", rightAxes = "", outputAxes = ""] = match;
  return { ...parts, leftAxes, rightAxes, outputAxes };
}
