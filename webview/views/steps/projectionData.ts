import { computed, type ReadonlySignal } from "@preact/signals-core";
import type { AroundProjection, HeadAddress, LayerOfRun } from "../../../src/core/run";
import type { AdditionsSlice, ProjectionSlice } from "../../../src/protocol/projection";
import type { Inspector } from "../../state/inspector";
import { load, type Loaded } from "../../state/load";

/** The stages behind the heads: fetched when one of them is looked at. */
export interface ProjectionData {
  readonly slice: ReadonlySignal<Loaded<ProjectionSlice>>;
  /** For all queries at once. */
  readonly additions: ReadonlySignal<Loaded<AdditionsSlice>>;
  stop(): void;
}

export function createProjectionData(
  { run, layer, host }: Inspector,
  address: ReadonlySignal<HeadAddress | undefined>,
  query: ReadonlySignal<number>,
  /** Which of the two is looked at. */
  shown: ReadonlySignal<"one" | "all" | undefined>,
): ProjectionData {
  const { remote } = host;
  const canShow = computed(() => !whyNot(layer.value));
  const { state: slice, stop } = load<ProjectionSlice>(() => {
    const runId = run.value?.runId;
    if (shown.value !== "one" || !runId || !address.value || !canShow.value) return undefined;
    const ask = { runId, address: address.value, query: query.value };
    return { key: JSON.stringify(ask), ask: (signal) => remote.projection(ask, { signal }) };
  }, 32);
  const { state: additions, stop: stopAdditions } = load<AdditionsSlice>(() => {
    const runId = run.value?.runId;
    if (shown.value !== "all" || !runId || !address.value || !canShow.value) return undefined;
    const ask = { runId, block: address.value.block, layer: address.value.layer };
    return { key: JSON.stringify(ask), ask: (signal) => remote.additions(ask, { signal }) };
  });
  return {
    slice,
    additions,
    stop() {
      stop();
      stopAdditions();
    },
  };
}

/** Why W_O of a layer cannot be shown, as a sentence; nothing where it can. */
export function whyNot(layer: LayerOfRun | undefined): string | undefined {
  if (!layer) return undefined;
  const { projection } = layer;
  if (projection?.missing)
    return `The output projection W_O of layer ${layer.layer} is not shown: ${projection.missing}.`;
  const carries = projection?.has.includes("projection") && projection.has.includes("concat");
  return carries ? undefined : `This run does not hold the output projection W_O of layer ${layer.layer}.`;
}

/** What lies around W_O besides the product and the addition, as a sentence. */
export const aroundSentence: Record<AroundProjection, string> = {
  "changed-before": "What enters W_O is the heads' output after a norm, a gate or a scale of the model's.",
  "changed-after":
    "The attention's output passes a norm or a scale before it is added, so what the heads add is shown before that.",
  joined: "The feed-forward part is added to the residual stream in the same step.",
  "no-residual":
    "Nothing that the queries come from is added to the attention's output: no residual stream is shown.",
};
