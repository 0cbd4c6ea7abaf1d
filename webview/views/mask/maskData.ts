import { computed, type ReadonlySignal } from "@preact/signals-core";
import type { HeadAddress, HeadVectors, Measure } from "../../../src/core/run";
import { scaledProducts } from "../../../src/core/steps";
import type { Tensor } from "../../../src/core/tensor";
import type { MaskPicture, StagesSlice } from "../../../src/protocol/stages";
import { chosenHead } from "../../state/chosenHead";
import { load } from "../../state/load";
import type { Inspector } from "../../state/inspector";
import { mostCells } from "../../state/runData";

/** What the mask view shows of the chosen head; each picture is pooled by the maximum above 512 tokens. */
export interface MaskData {
  readonly address: ReadonlySignal<HeadAddress | undefined>;
  readonly isPooled: ReadonlySignal<boolean>;
  readonly mask: ReadonlySignal<MaskPicture | undefined>;
  /** Before the mask: the scaled products; the scores of the run where q or k are missing. */
  readonly before: ReadonlySignal<{ readonly tensor: Tensor; readonly isMasked: boolean } | undefined>;
  readonly weights: ReadonlySignal<Tensor | undefined>;
  /** Why there are no scores before the mask, as a sentence. */
  readonly noScores: ReadonlySignal<string>;
  /** What went wrong, as a sentence. */
  readonly failed: ReadonlySignal<string | undefined>;
  stop(): void;
}

export function createMaskData(inspector: Inspector): MaskData {
  const { run, layer, host } = inspector;
  const remote = host.remote;
  const stops: (() => void)[] = [];
  const failures: ReadonlySignal<string | undefined>[] = [];
  const address = chosenHead(inspector);
  const isPooled = computed(() =>
    layer.value ? Math.max(layer.value.nQueries, layer.value.nKeys) > mostCells : false,
  );
  const most = { maxRows: mostCells, maxColumns: mostCells };
  const ask = <T>(
    what: Measure | HeadVectors | "mask" | "stages",
    canAsk: () => boolean,
    question: (at: HeadAddress, runId: string, signal: AbortSignal) => Promise<T>,
  ): ReadonlySignal<T | undefined> => {
    const { state, stop } = load<T>(() => {
      const runId = run.value?.runId;
      const at = address.value;
      if (!runId || !at || !canAsk()) return undefined;
      return {
        key: JSON.stringify([runId, at.block, at.layer, what === "mask" ? undefined : at.head, what]),
        ask: (signal) => question(at, runId, signal),
      };
    });
    stops.push(stop);
    failures.push(computed(() => state.value.error?.message));
    return computed(() => (state.value.pending ? undefined : state.value.value));
  };
  const has = (what: Measure | HeadVectors) => layer.value?.has.includes(what) ?? false;
  const vectors = (which: HeadVectors) =>
    ask(
      which,
      () => !isPooled.value && has(which),
      (at, runId, signal) => remote.headVectors({ runId, address: at, which }, { signal }),
    );
  const matrix = (measure: Measure) =>
    ask(
      measure,
      () => has(measure),
      async (at, runId, signal): Promise<Tensor> => {
        const slice = await remote.matrix({ runId, choice: at, measure, ...most }, { signal });
        return { dims: [slice.rows, slice.columns], data: slice.data };
      },
    );

  const mask = ask<MaskPicture>(
    "mask",
    () => true,
    (at, runId, signal) =>
      remote.maskPicture({ runId, block: at.block, layer: at.layer, ...most }, { signal }),
  );
  const stages = ask<StagesSlice>(
    "stages",
    () => isPooled.value && has("q") && has("k"),
    (at, runId, signal) =>
      remote.stages({ runId, address: at, maxRows: STAGE_CELLS, maxColumns: STAGE_CELLS }, { signal }),
  );
  const [q, k, scores, weights] = [vectors("q"), vectors("k"), matrix("scores"), matrix("weights")];
  const before = computed(() => {
    const pooled = stages.value;
    if (pooled?.scaled) {
      return { tensor: { dims: [pooled.rows, pooled.columns], data: pooled.scaled }, isMasked: false };
    }
    if (isPooled.value && has("q") && has("k")) return undefined;
    if (!q.value || !k.value) return scores.value && { tensor: scores.value, isMasked: true };
    const fits =
      !scores.value || (scores.value.dims[0] === q.value.dims[0] && scores.value.dims[1] === k.value.dims[0]);
    if (q.value.dims[1] !== k.value.dims[1] || !fits)
      return scores.value && { tensor: scores.value, isMasked: true };
    return { tensor: scaledProducts(q.value, k.value, scores.value), isMasked: false };
  });
  const noScores = computed(() => {
    if (isPooled.value && has("q") && has("k")) return "Being recomputed…";
    const [dQuery, dKey] = [q.value?.dims[1], k.value?.dims[1]];
    if (dQuery !== undefined && dKey !== undefined && dQuery !== dKey)
      return `The queries of this head have ${dQuery} dimensions and its keys ${dKey}: there is no product q·k.`;
    return "This run holds no scores, q or k of this layer.";
  });
  return {
    address,
    isPooled,
    before,
    noScores,
    weights,
    mask,
    failed: computed(() => failures.map(({ value }) => value).find((message) => message !== undefined)),
    stop: () => stops.forEach((stop) => stop()),
  };
}

/** A side of the worker's three pictures of stages, which share one message of 1 MB. */
const STAGE_CELLS = 288;
