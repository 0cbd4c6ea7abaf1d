import type { BlockOfRun, HeadVectors, LayerOfRun, MaskSummary, Measure } from "../run";

/** What is made of a run's tensors; `weights` and `scores` the model hands over itself. */
export type DerivedMeasure = LengthMeasure | "rollout" | "flow";

/** Weights times a length for each key. */
export type LengthMeasure = "value-weighted" | "norm-weighted";

/** What can be shown of attention, in every view, file and command by the same name. */
export type ShownMeasure = Measure | DerivedMeasure;

/** In the order in which they are offered. */
export const shownMeasures = [
  "weights",
  "scores",
  "value-weighted",
  "norm-weighted",
  "rollout",
  "flow",
] as const satisfies readonly ShownMeasure[];

interface MeasureWords {
  /** In lists. */
  readonly name: string;
  /** Of one number: in readouts, columns of tables. */
  readonly one: string;
  /** In legends: what is computed. */
  readonly legend: string;
  /** One sentence, with its source. */
  readonly meaning: string;
}

export const measureWords: Readonly<Record<ShownMeasure, MeasureWords>> = {
  weights: {
    name: "Weights",
    one: "weight",
    legend: "attention weight",
    meaning: "Attention weights as the model computed them: each row sums to 1.",
  },
  scores: {
    name: "Scores",
    one: "score",
    legend: "score before softmax",
    meaning: "Scores before softmax: scaled, biased and masked.",
  },
  "value-weighted": {
    name: "Value-weighted",
    one: "weight × ‖v‖",
    legend: "value-weighted: weight × ‖v‖",
    meaning: "Each weight times the length of its key's value vector: what is large moves the head's output.",
  },
  "norm-weighted": {
    name: "Norm-weighted",
    one: "‖weight · v W_O‖",
    legend: "norm-weighted: ‖weight · v W_O‖",
    meaning:
      "Length of what each key adds to the residual stream, after the output projection (Kobayashi et al. 2020).",
  },
  rollout: {
    name: "Rollout",
    one: "rollout",
    legend: "attention rollout",
    meaning:
      "Layer means with half the residual stream, multiplied from the first layer up to this one (Abnar & Zuidema 2020).",
  },
  flow: {
    name: "Flow",
    one: "flow",
    legend: "attention flow",
    meaning:
      "Maximum flow from a token of this layer down to each input token, through layer means with half the residual stream (Abnar & Zuidema 2020).",
  },
};

/** Rollout and flow join all heads of a layer: one matrix for each layer, whatever head is chosen. */
export function isPerLayer(measure: ShownMeasure): measure is "rollout" | "flow" {
  return measure === "rollout" || measure === "flow";
}

export function isLengthWeighted(measure: ShownMeasure): measure is LengthMeasure {
  return measure === "value-weighted" || measure === "norm-weighted";
}

/** Whether each row is a distribution over the keys. */
export function sumsToOne(measure: ShownMeasure): boolean {
  return measure === "weights" || measure === "rollout";
}

/** The measure by which heads are described: where there is none of its own for each head, their weights. */
export function perHeadMeasure(measure: ShownMeasure): "weights" | LengthMeasure {
  return isLengthWeighted(measure) ? measure : "weights";
}

/** What the model must hand over of a layer for the measure. */
const needs: Readonly<Record<ShownMeasure, readonly (Measure | HeadVectors)[]>> = {
  weights: ["weights"],
  scores: ["scores"],
  "value-weighted": ["weights", "v"],
  "norm-weighted": ["weights", "v"],
  rollout: ["weights"],
  flow: ["weights"],
};

const lackWords: Readonly<Record<Measure | HeadVectors, string>> = {
  weights: "the weights",
  scores: "the scores before softmax",
  q: "the queries",
  k: "the keys",
  v: "the value vectors",
  output: "the heads' outputs",
};

/** Why a measure cannot be shown of a layer ("all": of the whole block), in words that follow "…: "; undefined where it can. */
export function measureLack(
  block: BlockOfRun,
  layer: number | "all",
  measure: ShownMeasure,
): string | undefined {
  if (isPerLayer(measure)) return mixLack(block, layer);
  const layers = layer === "all" ? block.layers : block.layers.filter((entry) => entry.layer === layer);
  const lacks = layers.map((entry) => layerLack(entry, measure));
  return lacks.length > 0 && lacks.every((lack) => lack !== undefined) ? lacks[0] : undefined;
}

/** The measure, or weights where it cannot be shown of the layer. */
export function fitMeasure(
  block: BlockOfRun | undefined,
  layer: number | "all",
  measure: ShownMeasure,
): ShownMeasure {
  return block && measureLack(block, layer, measure) === undefined ? measure : "weights";
}

/** "weights", "value-weighted" …, or nothing for another word. */
export function parseShownMeasure(raw: unknown): ShownMeasure | undefined {
  return shownMeasures.find((measure) => measure === raw);
}

/** Name of a column of numbers. */
export function measureColumn(measure: ShownMeasure): string {
  return measure === "weights" ? "weight" : measure === "scores" ? "score" : measure;
}

/** Attention weights on a square-root scale, as legends say it. */
export function legendText(measure: ShownMeasure, squareRoot: boolean): string {
  return `${measureWords[measure].legend}${squareRoot && measure !== "scores" ? ", square-root scale" : ""}`;
}

/** Which keys a measure can have anything for: what joins layers looks as far as their chain does. */
export function measureMask(mask: MaskSummary, measure: ShownMeasure): MaskSummary {
  if (!isPerLayer(measure) || mask.kind === "causal") return mask;
  const looksAhead = mask.kind !== "sliding" || (mask.reach?.ahead ?? 0) > 0;
  return { kind: looksAhead ? "none" : "causal" };
}

function layerLack(layer: LayerOfRun, measure: ShownMeasure): string | undefined {
  if (layer.lengths?.includes(measure)) return undefined;
  const lacking = needs[measure].find((what) => !layer.has.includes(what));
  if (lacking === undefined) return measure === "norm-weighted" ? projectionLack(layer) : undefined;
  return lacking === "weights" && layer.missing
    ? layer.missing
    : `${lackWords[lacking]} of layer ${layer.layer} were not found in the model's graph`;
}

/** ‖v W_O‖ needs W_O, and that nothing changes the heads' outputs on the way to it. */
function projectionLack({ layer, projection }: LayerOfRun): string | undefined {
  if (!projection?.has.includes("projection")) {
    const reason = projection?.missing ?? "it was not found in the model's graph";
    return `the output projection W_O of layer ${layer} is not known: ${reason}`;
  }
  return projection.around.includes("changed-before")
    ? `a norm or a gate of layer ${layer} stands between its heads and the output projection W_O, so that no value passes it by itself`
    : undefined;
}

/** Layers are multiplied from the first on: each must be there, and be square. */
function mixLack({ kind, queries, keys, layers }: BlockOfRun, upTo: number | "all"): string | undefined {
  if (queries !== keys)
    return `${kind} attention has queries and keys of different texts, which no product of layers joins`;
  const below = upTo === "all" ? layers : layers.filter(({ layer }) => layer <= upTo);
  const absent = below.find(({ has }) => !has.includes("weights"));
  if (absent) return `the weights of layer ${absent.layer} were not found, and every layer counts`;
  const odd = below.find(({ nQueries, nKeys }) => nQueries !== nKeys || nQueries !== below[0]?.nQueries);
  return (
    odd &&
    `layer ${odd.layer} has ${odd.nQueries} queries and ${odd.nKeys} keys: the layers cannot be multiplied`
  );
}
