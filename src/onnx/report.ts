import type { BlockKind } from "../core/run";
import type { NotFound } from "./attention";
import type { Placed } from "./blocks";
import type { Op } from "./dataflow";
import { shorten } from "./errors";
import type { Known } from "./findAttention";
import type { Capture, GraphReport, LayerReport } from "./instrumented";
import { CAPTURES } from "./instrumented";
import { maskKind } from "./mask";

const KINDS: readonly BlockKind[] = ["encoder", "decoder", "cross"];

/** What was found in a graph, in words and numbers. */
export function buildReport(
  known: Known,
  placed: readonly Placed[],
  notFound: readonly NotFound[],
): GraphReport {
  const { model } = known.flow;
  return {
    irVersion: model.irVersion,
    producer: model.producer,
    opsets: model.opsets,
    nNodes: known.flow.ops.length,
    blocks: KINDS.map((kind) => ({
      kind,
      layers: placed.filter(({ block }) => block === kind).map((one) => layerReport(one, known)),
    })).filter(({ layers }) => layers.length),
    notFound: notFound.map(({ op, reason }) => ({ where: nameOf(op), reason })),
    positions: { scheme: "unknown", parameters: {} },
    precision: "unknown",
  };
}

function layerReport({ attention, layer }: Placed, known: Known): LayerReport {
  const has: Capture[] = CAPTURES.filter((what) => attention[what]);
  const heads = headsOf(attention.weights.axes, known.shapes.dimsOf(attention.weights.value));
  return {
    layer,
    pattern: attention.pattern,
    ...(heads && { nHeads: heads }),
    ...(attention.productScale !== undefined && { scale: attention.productScale }),
    mask: maskKind(attention, known),
    has,
    node: nameOf(attention.op),
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

function nameOf(op: Op): string {
  return shorten(op.node.name || `${op.node.opType} -> ${op.node.outputs[0] ?? ""}`);
}
