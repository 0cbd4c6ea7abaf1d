import type { Dataflow, Scope } from "./dataflow";
import { numberOf } from "./graph";

const QUANTISED_PRODUCTS = new Set(
  "MatMulInteger QLinearMatMul QAttention MatMulIntegerToFloat DynamicQuantizeMatMul".split(" "),
);

/** What most weights are stored in: "float32", "float16", "bfloat16", "int8", "int4", …; "unknown" without weights. */
export function precisionOf(flow: Dataflow): string {
  const blockwise = flow.ops.find(({ node }) => node.opType === "MatMulNBits");
  if (blockwise) return `int${numberOf(blockwise.node, "bits") ?? 4}`;
  if (flow.ops.some(({ node }) => QUANTISED_PRODUCTS.has(node.opType))) return "int8";
  const sizes = new Map<string, number>();
  for (const { graph } of new Set<Scope>([flow.main, ...flow.ops.map(({ scope }) => scope)])) {
    const tensors = [
      ...graph.initializers.values(),
      ...graph.nodes.flatMap((node) => node.attributes.get("value")?.tensor ?? []),
    ];
    for (const { type, dims } of tensors) {
      const isShape = type === "int64" || type === "int32" || type === "bool";
      const size = dims.reduce((product, dim) => product * dim, 1);
      if (!isShape) sizes.set(type, (sizes.get(type) ?? 0) + size);
    }
  }
  const [most] = [...sizes].sort((a, b) => b[1] - a[1]);
  return most?.[0] ?? "unknown";
}
