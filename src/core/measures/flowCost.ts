import type { BlockOfRun } from "../run";
import type { ShownMeasure } from "./measure";

/** Attention flow of every query to every key, or of one of them to all. */
export type FlowExtent = "matrix" | "line";

/** What the flows of one matrix or line come to. */
export interface FlowCost {
  readonly nFlows: number;
  /** Edges of their networks in all: what the time goes with. */
  readonly nEdges: number;
  readonly seconds: number;
  readonly isAffordable: boolean;
}

/** Measured on two busy cores: 13 to 40 ns for each edge of each network, over 2 to 12 layers of 32 to 128 tokens. */
const SECONDS_PER_EDGE = 40e-9;

/** A person waits half a minute for a matrix; a line follows the caret. */
const MOST_EDGES: Readonly<Record<FlowExtent, number>> = { matrix: 7.5e8, line: 5e7 };

/**
 * Before anything is computed. A flow from query to key passes `nLayers` times k² edges: of causal attention k is
 * the number of tokens from the one to the other, else all of them. Of a line the dearest is meant.
 */
export function flowCost(nTokens: number, nLayers: number, isCausal: boolean, extent: FlowExtent): FlowCost {
  const n = nTokens;
  // Sums of k² over the windows: of one query n (n + 1) (2n + 1) / 6, of all n (n + 1)² (n + 2) / 12.
  const squares = isCausal
    ? extent === "line"
      ? (n * (n + 1) * (2 * n + 1)) / 6
      : (n * (n + 1) ** 2 * (n + 2)) / 12
    : extent === "line"
      ? n ** 3
      : n ** 4;
  const nFlows = extent === "line" ? n : isCausal ? (n * (n + 1)) / 2 : n * n;
  const nEdges = squares * nLayers;
  return { nFlows, nEdges, seconds: nEdges * SECONDS_PER_EDGE, isAffordable: nEdges <= MOST_EDGES[extent] };
}

/** Flow through a block up to a layer ("all": through all of them). */
export function blockFlowCost(
  { layers }: BlockOfRun,
  layer: number | "all",
  extent: FlowExtent,
): FlowCost & { readonly nTokens: number; readonly nLayers: number; readonly mostTokens: number } {
  const isCausal = layers.every(({ mask }) => mask.kind === "causal" || mask.kind === "sliding");
  const nLayers = layers.filter((entry) => layer === "all" || entry.layer <= layer).length;
  const nTokens = layers[0]?.nQueries ?? 0;
  const mostTokens = mostFlowTokens(nLayers, isCausal, extent);
  return { ...flowCost(nTokens, nLayers, isCausal, extent), nTokens, nLayers, mostTokens };
}

/** What one row of a measure is shown by where it has to come at once: weights for scores, and for a flow that takes too long. */
export function lineMeasure(block: BlockOfRun, measure: ShownMeasure): ShownMeasure {
  if (measure === "scores") return "weights";
  return measure === "flow" && !blockFlowCost(block, "all", "line").isAffordable ? "weights" : measure;
}

/** "12 s", "40 min". */
export function durationText(seconds: number): string {
  if (seconds < 1) return "<1 s";
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60).toLocaleString("en")} min`;
}

/** Most tokens whose flows are affordable. */
export function mostFlowTokens(nLayers: number, isCausal: boolean, extent: FlowExtent): number {
  let nTokens = 1;
  while (flowCost(nTokens + 1, nLayers, isCausal, extent).isAffordable) nTokens++;
  return nTokens;
}
