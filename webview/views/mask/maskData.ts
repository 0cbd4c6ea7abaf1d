import { computed, type ReadonlySignal } from "@preact/signals-core";
import { classifyMask, keysPerQuery, type MaskClass, type Visibility } from "../../../src/core/mask";
import type { HeadAddress, HeadVectors, Measure } from "../../../src/core/run";
import { recompute } from "../../../src/core/steps";
import type { Tensor } from "../../../src/core/tensor";
import { chosenHead } from "../../state/chosenHead";
import { load } from "../../state/load";
import type { Inspector } from "../../state/inspector";
import { mostCells } from "../../state/runData";

/** What the mask view shows of the chosen head. */
export interface MaskData {
  readonly address: ReadonlySignal<HeadAddress | undefined>;
  /** Too many tokens for one message: nothing else is loaded then. */
  readonly isTooLarge: ReadonlySignal<boolean>;
  readonly mask: ReadonlySignal<ReadMask | undefined>;
  /** Before the mask: the scaled products; the scores of the run where q or k are missing. */
  readonly before: ReadonlySignal<{ readonly tensor: Tensor; readonly isMasked: boolean } | undefined>;
  readonly weights: ReadonlySignal<Tensor | undefined>;
  stop(): void;
}

/** The mask of a layer, cell by cell, what rule it follows, and how many keys each query sees. */
export interface ReadMask {
  readonly visibility: Visibility;
  readonly class: MaskClass;
  readonly perQuery: Uint32Array;
}

export function createMaskData(inspector: Inspector): MaskData {
  const { run, layer, host } = inspector;
  const remote = host.remote;
  const stops: (() => void)[] = [];
  const address = chosenHead(inspector);
  const isTooLarge = computed(() =>
    layer.value ? Math.max(layer.value.nQueries, layer.value.nKeys) > mostCells : false,
  );
  const ask = <T>(
    what: Measure | HeadVectors | undefined,
    question: (at: HeadAddress, runId: string, signal: AbortSignal) => Promise<T>,
  ): ReadonlySignal<T | undefined> => {
    const { state, stop } = load<T>(() => {
      const runId = run.value?.runId;
      const at = address.value;
      if (!runId || !at || isTooLarge.value || (what && !layer.value?.has.includes(what))) return undefined;
      return {
        key: JSON.stringify([runId, at.block, at.layer, what && at.head]),
        ask: (signal) => question(at, runId, signal),
      };
    });
    stops.push(stop);
    return computed(() => (state.value.pending ? undefined : state.value.value));
  };
  const vectors = (which: HeadVectors) =>
    ask(which, (at, runId, signal) => remote.headVectors({ runId, address: at, which }, { signal }));
  const matrix = (measure: Measure) =>
    ask(measure, async (at, runId, signal): Promise<Tensor> => {
      const slice = await remote.matrix({ runId, choice: at, measure }, { signal });
      return { dims: [slice.rows, slice.columns], data: slice.data };
    });

  const slice = ask(undefined, (at, runId, signal) =>
    remote.mask({ runId, block: at.block, layer: at.layer }, { signal }),
  );
  const [q, k, scores, weights] = [vectors("q"), vectors("k"), matrix("scores"), matrix("weights")];
  const before = computed(() => {
    if (!q.value || !k.value) return scores.value && { tensor: scores.value, isMasked: true };
    const fits =
      !scores.value || (scores.value.dims[0] === q.value.dims[0] && scores.value.dims[1] === k.value.dims[0]);
    if (q.value.dims[1] !== k.value.dims[1] || !fits) return undefined;
    const { scaled } = recompute({ q: q.value, k: k.value, scores: scores.value });
    return scaled && { tensor: scaled, isMasked: false };
  });
  return {
    address,
    isTooLarge,
    before,
    weights,
    mask: computed(() => {
      const visibility = slice.value;
      if (!visibility) return undefined;
      return { visibility, class: classifyMask(visibility), perQuery: keysPerQuery(visibility) };
    }),
    stop: () => stops.forEach((stop) => stop()),
  };
}
