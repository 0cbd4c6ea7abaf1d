import { storedTensor } from "./constants";
import type { Op, Value } from "./dataflow";
import { numbersOf } from "./graph";
import { productOf } from "./product";
import type { Product } from "./product";

/** One operation on the way between a product and a softmax, and by which input the way goes. */
export interface Step {
  readonly op: Op;
  readonly inputIndex: number;
}

/** A way from a value to a product; `steps` are in running order. */
export interface Path {
  readonly product: Product;
  /** Forward ways: which operand of the product the way ends in. */
  readonly side: "left" | "right";
  readonly steps: readonly Step[];
}

/** Keep what they are given, up to values of single elements: [which inputs the way may go through]. */
const PASSES: Readonly<Record<string, readonly number[]>> = {
  Identity: [0],
  Cast: [0],
  CastLike: [0],
  Dropout: [0],
  Reshape: [0],
  Transpose: [0],
  Unsqueeze: [0],
  Squeeze: [0],
  Flatten: [0],
  Expand: [0],
  Add: [0, 1],
  Sub: [0, 1],
  Mul: [0, 1],
  Div: [0],
  Neg: [0],
  Tanh: [0],
  Clip: [0],
  Max: [0, 1],
  Min: [0, 1],
  Where: [1, 2],
  Concat: [0, 1, 2],
  Slice: [0],
  Split: [0],
  QuantizeLinear: [0],
  DequantizeLinear: [0],
  DynamicQuantizeLinear: [0],
  Trilu: [0],
  ScatterND: [0],
  BiasSoftmax: [0],
};

/** Talking heads (Shazeer et al. 2020): a stored square matrix over the heads, which a Transpose has put last. */
function mixesHeads(op: Op): boolean {
  const [scores, mixer] = op.inputs;
  if (!scores || !mixer) return false;
  const dims = storedTensor(mixer)?.dims ?? [];
  if (op.node.opType === "Conv") {
    return dims.length === 4 && dims[0] === dims[1] && dims[2] === 1 && dims[3] === 1;
  }
  const before = scores.producer?.node;
  const perm = before?.opType === "Transpose" ? numbersOf(before, "perm") : undefined;
  return (
    op.node.opType === "MatMul" && dims.length === 2 && dims[0] === dims[1] && perm?.join() === "0,2,3,1"
  );
}

const FARTHEST = 40;
const MOST_VISITED = 400;

interface Visit {
  readonly value: Value;
  readonly steps: readonly Step[];
}

/** All products whose result reaches `from` through operations that keep it a matrix of scores; nearest first. */
export function productsBefore(from: Value, accept: (product: Product) => boolean): Path[] {
  const found: Path[] = [];
  const seen = new Set<Value>();
  let open: Visit[] = [{ value: from, steps: [] }];
  for (let distance = 0; distance < FARTHEST && open.length && seen.size < MOST_VISITED; distance++) {
    const next: Visit[] = [];
    for (const { value, steps } of open) {
      const op = value.producer;
      if (!op || seen.has(value)) continue;
      seen.add(value);
      const product = value.outputIndex === 0 ? productOf(op) : undefined;
      if (product && !mixesHeads(op)) {
        if (accept(product)) found.push({ product, side: "left", steps });
        continue;
      }
      for (const inputIndex of mixesHeads(op) ? [0] : (PASSES[op.node.opType] ?? [])) {
        const input = op.inputs[inputIndex];
        if (input) next.push({ value: input, steps: [{ op, inputIndex }, ...steps] });
      }
    }
    open = next;
  }
  return found;
}

const NONE: ReadonlySet<string> = new Set();

/** The nearest product that takes `from`, through operations that keep it a matrix of weights, and through `more` of them. */
export function productAfter(
  from: Value,
  accept: (product: Product) => boolean,
  more = NONE,
): Path | undefined {
  const seen = new Set<Value>();
  let open: Visit[] = [{ value: from, steps: [] }];
  for (let distance = 0; distance < FARTHEST && open.length && seen.size < MOST_VISITED; distance++) {
    const next: Visit[] = [];
    for (const { value, steps } of open) {
      if (seen.has(value)) continue;
      seen.add(value);
      for (const { op, inputIndex } of value.consumers) {
        const product = productOf(op);
        if (product && !mixesHeads(op)) {
          const side = product.left === value ? "left" : product.right === value ? "right" : undefined;
          if (side && accept(product)) return { product, side, steps };
          continue;
        }
        const passes = PASSES[op.node.opType]?.includes(inputIndex) || more.has(op.node.opType);
        if (!mixesHeads(op) && !passes) continue;
        for (const output of op.outputs) {
          next.push({ value: output, steps: [...steps, { op, inputIndex }] });
        }
      }
    }
    open = next;
  }
  return undefined;
}
