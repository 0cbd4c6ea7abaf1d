import { computed, type ReadonlySignal } from "@preact/signals-core";
import type { Bias } from "../../../src/core/steps";
import type { Inspector } from "../../state/inspector";
import type { RunData } from "../../state/runData";
import { maskReason } from "./maskReason";
import { makeFlow, type Flow } from "./queryFlow";
import { stageTexts, type Stage, type StageText } from "./stage";
import { stageMatrices, type ShownStages, type StageMatrix } from "./stageMatrices";
import type { StepsArrangement, StepsData } from "./stepsData";

/** What Steps paints, each part made anew only when what it is made of changes. */
export interface StepsShown {
  /** The chosen stage; the first one where this layer does not have it (additive scores have no scale). */
  readonly stage: ReadonlySignal<Stage>;
  readonly texts: ReadonlySignal<readonly StageText[]>;
  /** One query through the stages. */
  readonly flow: ReadonlySignal<Flow | undefined>;
  /** All queries. */
  readonly matrices: ReadonlySignal<readonly StageMatrix[] | undefined>;
  /** The key under the pointer, and the one whose vectors are shown: else the one with the largest weight. */
  readonly key: ReadonlySignal<number | undefined>;
  readonly detailKey: ReadonlySignal<number | undefined>;
}

export function createStepsShown(
  inspector: Inspector,
  data: RunData,
  steps: StepsData,
  { mode, keyOrder, stage: chosen }: StepsArrangement,
): StepsShown {
  const isVisible = computed(() => data.isVisible.value ?? (() => true));
  const flow = computed(() => {
    const row = steps.row.value;
    if (!row || mode.value !== "one") return undefined;
    const query = steps.query.value;
    const visible = isVisible.value;
    const layer = steps.layer.value;
    const biasKind = steps.whole.value?.bias?.kind;
    return makeFlow(row.head, row.steps, query, keyOrder.value, (key) => visible(query, key), {
      ...(biasKind && { biasKind }),
      ...(layer && { maskReason: (key: number) => maskReason(layer, query, key) }),
    });
  });
  const matrices = computed(() => {
    const shown = steps.stages.value;
    return shown && stageMatrices(shown, pictureMask(shown), inspector.arrangement.value.squareRoot);
  });
  /** The mask's word on the cells of a picture: of the layer, or where pooled what the scores say. */
  function pictureMask(shown: ShownStages): (row: number, column: number) => boolean {
    if (!isPooled(shown)) return isVisible.value;
    const { bias } = shown;
    const columns = bias?.dims[1] ?? 0;
    return (row, column) => !bias || bias.data[row * columns + column] !== -Infinity;
  }

  const texts = computed(() => {
    const found = steps.whole.value ?? steps.row.value?.steps;
    const { q, additive } = steps.head.value;
    return stageTexts(q?.dims[1], found?.scale, biasOf(found?.bias), additive !== undefined);
  });
  /** What pooled stages say of the whole head; a single query that sees every key does not mean that there is no mask. */
  function biasOf(found: Bias | undefined): Bias | undefined {
    if (steps.whole.value || !found) return found;
    const pooled = steps.stages.value?.biasKind;
    if (pooled) return { ...found, kind: pooled };
    const mask = steps.layer.value?.mask.kind ?? "none";
    return found.kind === "none" && mask !== "none" && mask !== "unknown"
      ? { ...found, kind: "mask" }
      : found;
  }
  const stage = computed((): Stage =>
    texts.value.some(({ stage: each }) => each === chosen.value) ? chosen.value : "product",
  );
  const key = computed(() => {
    const at = inspector.pointed.value;
    if (at?.kind === "cell") return at.key;
    return at?.kind === "token" && at.axis === "key" ? at.index : undefined;
  });
  return {
    stage,
    texts,
    flow,
    matrices,
    key,
    detailKey: computed(() => key.value ?? strongest(flow.value?.weights)),
  };
}

/** Whether a cell of the pictures stands for several tokens. */
export function isPooled({ weights, product, nQueries, nKeys }: ShownStages): boolean {
  const [rows, columns] = (weights ?? product)?.dims ?? [nQueries, nKeys];
  return rows !== nQueries || columns !== nKeys;
}

function strongest(weights: Float32Array | undefined): number | undefined {
  if (!weights?.length) return undefined;
  let best = 0;
  weights.forEach((weight, key) => {
    if (weight > weights[best]! || Number.isNaN(weights[best])) best = key;
  });
  return best;
}
