import type { FoundAttention } from "./attention";
import type { Op, Value } from "./dataflow";
import type { Known } from "./known";
import { productOf } from "./product";
import type { Roles } from "./roles";
import type { Shapes } from "./shapes";

/** From the shapes, as far as they are known before the run. */
export function headCounts(
  names: readonly string[],
  op: Op,
  roles: Roles,
  known: Known,
): Pick<FoundAttention, "nHeads" | "nKeyHeads" | "dHead"> {
  const { shapes } = known;
  const dims = op.outputs[0] && shapes.dimsOf(op.outputs[0]);
  const nHeads =
    headsOf(names, dims) ?? (names.includes("bh") ? foldedHeads(roles.queries, known) : undefined);
  const nKeyHeads = keyHeads(roles.keys, shapes) ?? nHeads;
  const queries = shapes.dimsOf(roles.queries);
  const dHead = queries?.at(roles.queryIsFirst ? -1 : -2);
  return {
    ...(nHeads && { nHeads }),
    ...(nKeyHeads && { nKeyHeads }),
    ...(typeof dHead === "number" && { dHead }),
  };
}

function headsOf(
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

const MOVES = new Set("Transpose Mul Div Add Sub Cast Identity Dropout Squeeze".split(" "));
const RECURRENT = new Set(["GRU", "LSTM", "RNN"]);

/** Heads that a Reshape has folded into the batch: from [b, h, p, d], or out of a wider last axis; 1 where nothing was folded. */
function foldedHeads(queries: Value, { shapes, origins }: Known): number | undefined {
  let at: Value | undefined = queries;
  for (let step = 0; at && step < 12; step++) {
    const op: Op | undefined = at.producer;
    const input: Value | undefined = op?.inputs.find((value) => value && origins.isData(value));
    if (!op || !input) return undefined;
    if (op.node.opType === "Reshape") {
      const [before, after] = [shapes.dimsOf(input), shapes.dimsOf(at)];
      const heads = before?.length === 4 ? before[1] : undefined;
      if (typeof heads === "number") return heads;
      const [wide, narrow] = [before?.at(-1), after?.at(-1)];
      if (typeof wide === "number" && typeof narrow === "number" && wide % narrow === 0) return wide / narrow;
      return undefined;
    }
    const product = productOf(op);
    const isProjection = product && !(origins.isData(product.left) && origins.isData(product.right));
    if (isProjection || RECURRENT.has(op.node.opType)) return 1;
    if (!MOVES.has(op.node.opType)) return undefined;
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
