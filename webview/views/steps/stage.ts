import type { Bias, Scale } from "../../../src/core/steps";
import { signedText } from "../../../src/paint/numberText";

/** The stages of a head, in the order in which they follow from each other. */
export const stages = [
  "product",
  "scale",
  "bias",
  "softmax",
  "values",
  "heads",
  "projection",
  "residual",
] as const;
export type Stage = (typeof stages)[number];

/** Whether a stage is about W_O and the residual stream, for which the model runs again. */
export function isBehindHeads(stage: Stage): boolean {
  return stage === "projection" || stage === "residual";
}

/** A stage in the formula and in words. */
export interface StageText {
  readonly stage: Stage;
  /** As it stands in the formula. */
  readonly term: string;
  readonly title: string;
  /** One sentence, with what this run does there. */
  readonly says: string;
}

/** The texts of the stages for one head, given what was found in its run. */
export function stageTexts(
  dKey: number | undefined,
  scale: Scale | undefined,
  bias: Bias | undefined,
  isAdditive = false,
): StageText[] {
  const shown = isAdditive ? stages.filter((stage) => stage !== "scale") : stages;
  return shown.map((stage) => ({
    stage,
    ...textOf(stage, dKey, scale, bias),
    ...(isAdditive && stage === "product" && ADDITIVE),
  }));
}

const ADDITIVE: Omit<StageText, "stage"> = {
  term: "vᵀ tanh(W_q q + W_k k)",
  title: "Additive scores",
  says: "Query and key are projected and added, tanh bends each dimension into −1 to 1, and v weighs the dimensions; their sum is the score.",
};

function textOf(
  stage: Stage,
  dKey: number | undefined,
  scale: Scale | undefined,
  bias: Bias | undefined,
): Omit<StageText, "stage"> {
  switch (stage) {
    case "product":
      return {
        term: "Q Kᵀ",
        title: "Products",
        says: "The query's vector times each key's, dimension by dimension; the sum says how well they match.",
      };
    case "scale":
      return { term: scaleTerm(dKey, scale), title: "Scaled", says: scaleSays(dKey, scale) };
    case "bias":
      return {
        term: biasTerm(bias),
        title: bias?.kind === "mask" ? "Mask" : "Bias and mask",
        says: biasSays(bias),
      };
    case "softmax":
      return {
        term: "softmax",
        title: "Weights",
        says: "Each score's exponential, divided by the sum over the row: what is left is positive and sums to 1.",
      };
    case "values":
      return {
        term: "V",
        title: "Weights × V",
        says: "Each key's value vector, as much of it as its weight; their sum is the head's output.",
      };
    case "heads":
      return {
        term: "concat",
        title: "All heads",
        says: "The outputs of all heads of the layer side by side, before the output projection W_O mixes them.",
      };
    case "projection":
      return {
        term: "W_O",
        title: "Output projection",
        says: "Each head's output meets its own rows of W_O; what comes out is as wide as the model.",
      };
    case "residual":
      return {
        term: "+ x",
        title: "Residual stream",
        says: "What the heads add up to is added to the residual stream x: how much each gives, and in which direction.",
      };
  }
}

function scaleTerm(dKey: number | undefined, scale: Scale | undefined): string {
  if (!scale || !dKey) return "/ √d_k";
  const isRoot = Math.abs(scale.value * Math.sqrt(dKey) - 1) < 1e-4;
  if (isRoot) return `/ √${dKey}`;
  return scale.value === 1 ? "× 1" : `× ${signedText(scale.value)}`;
}

function scaleSays(dKey: number | undefined, scale: Scale | undefined): string {
  if (!scale || !dKey)
    return "Divided by √d_k, so that the products of long vectors do not drive softmax into its corners.";
  switch (scale.how) {
    case "one":
      return "This model's products are its scores: no scale, or q and k come out of the model scaled already.";
    case "assumed":
      return `1/√${dKey} is assumed: no scale explains this run's scores, so the rest shows as bias.`;
    case "given":
    case "inverse-root":
      return `Divided by √${dKey} = ${signedText(Math.sqrt(dKey))}, so that the products of long vectors do not drive softmax into its corners.`;
  }
}

function biasTerm(bias: Bias | undefined): string {
  if (!bias) return "+ mask";
  return { none: "+ 0", mask: "+ mask", relative: "+ bias", other: "+ rest" }[bias.kind];
}

function biasSays(bias: Bias | undefined): string {
  if (!bias) return "What the model adds to the scores: a mask, a bias by position.";
  return {
    none: "This head adds nothing here: every query may see every key.",
    mask: "Masked scores become −∞, so that their weight will be 0; the others stay as they are.",
    relative: "A bias that depends on the distance between query and key alone, and the mask.",
    other: "What the run's scores are beyond the scaled product: this model scores by another rule.",
  }[bias.kind];
}
