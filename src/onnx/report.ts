import type { BlockKind, ProjectionOfLayer } from "../core/run";
import type { FoundAttention, NotFound } from "./attention";
import type { Placed } from "./blocks";
import type { Op } from "./dataflow";
import { shorten } from "./errors";
import type { Known } from "./known";
import type { GraphReport, LayerReport, PositionReport } from "./instrumented";
import { ADDITIVE_PARTS, CAPTURES } from "./instrumented";
import { precisionOf } from "./precision";

const KINDS: readonly BlockKind[] = ["encoder", "decoder", "cross"];

/** What was found in a graph, in words and numbers. */
export function buildReport(
  known: Known,
  placed: readonly Placed[],
  masks: ReadonlyMap<FoundAttention, string>,
  projections: ReadonlyMap<FoundAttention, ProjectionOfLayer>,
  positions: PositionReport,
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
      layers: placed.filter(({ block }) => block === kind).map((one) => layerReport(one, masks, projections)),
    })).filter(({ layers }) => layers.length),
    notFound: notFound.map(({ op, reason }) => ({ where: nameOf(op), reason })),
    positions,
    precision: precisionOf(known.flow),
  };
}

function layerReport(
  { attention, layer }: Placed,
  masks: ReadonlyMap<FoundAttention, string>,
  projections: ReadonlyMap<FoundAttention, ProjectionOfLayer>,
): LayerReport {
  const { has: parts = [], missing, around = [] } = projections.get(attention) ?? {};
  const has = CAPTURES.filter((what) => attention[what]);
  const { nHeads, nKeyHeads, dHead, productScale, softcap, window, hasSink } = attention;
  const notes = [...attention.notes];
  if (softcap) notes.push(`scores are capped at ${softcap} by tanh`);
  if (hasSink) notes.push("a sink takes part of each row, so rows sum to less than 1");
  return {
    layer,
    pattern: attention.pattern,
    ...(nHeads && { nHeads }),
    ...(nKeyHeads && { nKeyHeads }),
    ...(dHead && { dHead }),
    ...(productScale !== undefined && { scale: productScale }),
    mask: (masks.get(attention) ?? "") + (window ? `, the last ${window} keys` : ""),
    has,
    ...(attention.additive && { additive: ADDITIVE_PARTS.filter((part) => attention.additive?.[part]) }),
    projection: { has: parts, around, ...(missing && { missing }) },
    node: nameOf(attention.op),
    ...(notes.length && { note: notes.join("; ") }),
  };
}

function nameOf(op: Op): string {
  return shorten(op.node.name || `${op.node.opType} -> ${op.node.outputs[0] ?? ""}`);
}
