import { computed, type ReadonlySignal } from "@preact/signals-core";
import { maskRule } from "../../src/core/maskRule";
import type { Measure } from "../../src/core/run";
import type { HeadStatistics, MaskSlice, MatrixSlice, Prediction } from "../../src/protocol/slices";
import type { Inspector } from "./inspector";
import { load, type Loaded } from "./load";
import { nextPainting } from "../frame";

export type Visible = (query: number, key: number) => boolean;

/** A row of the chosen head: its query and one number for each key. */
export interface Row {
  readonly query: number;
  readonly values: Float32Array;
}

/** What views read of the run's tensors: fetched when looked at, kept for a while, cancelled when superseded. */
export interface RunData {
  /** The chosen head and measure over all tokens, pooled where there are more than `mostCells` on a side. */
  readonly matrix: ReadonlySignal<Loaded<MatrixSlice>>;
  /** The chosen layer's mask; undefined while it is being read. */
  readonly isVisible: ReadonlySignal<Visible | undefined>;
  /** The active query's weights and scores, exact; undefined while on their way. */
  readonly weights: ReadonlySignal<Row | undefined>;
  readonly scores: ReadonlySignal<Row | undefined>;
  /** The most likely tokens at the active query. */
  readonly predictions: ReadonlySignal<readonly Prediction[] | undefined>;
  /** Of every head of the chosen block. */
  readonly statistics: ReadonlySignal<readonly HeadStatistics[] | undefined>;
}

/** A matrix of 512 x 512 float32 is 1 MB, the most that a message should carry. */
export const mostCells = 512;
/** Cells of a matrix of 64 KB: it comes along with every inspection. */
const smallMatrix = 128 * 128;

export function createRunData(inspector: Inspector): RunData {
  const { run, selection, layer, block, queries, keys, activeQuery, host } = inspector;
  const remote = host.remote;

  const { state: matrix } = load(() => {
    const runId = run.value?.runId;
    const { choice, measure, view } = selection.value;
    if (!runId || !layer.value?.has.includes(measure)) return undefined;
    // The overview shows no single head: only a small one is fetched before it is looked at.
    if (view === "heads" && layer.value.nQueries * layer.value.nKeys > smallMatrix) return undefined;
    const query = { runId, choice, measure, maxRows: mostCells, maxColumns: mostCells };
    return { key: JSON.stringify(query), ask: (signal) => remote.matrix(query, { signal }) };
  }, 16);

  const summaryVisible = computed(() => layer.value && maskRule(layer.value.mask));
  const { state: mask } = load<MaskSlice>(() => {
    const runId = run.value?.runId;
    if (!runId || !block.value || !layer.value || summaryVisible.value) return undefined;
    if (layer.value.mask.kind === "unknown") return undefined;
    const query = { runId, block: block.value.kind, layer: layer.value.layer };
    return { key: JSON.stringify(query), ask: (signal) => remote.mask(query, { signal }) };
  });
  const isVisible = computed((): Visible | undefined => {
    if (summaryVisible.value) return summaryVisible.value;
    const slice = mask.value.value;
    if (slice) return (query, key) => slice.visible[query * slice.nKeys + key] === 1;
    return mask.value.pending ? undefined : () => true;
  });

  const rowOf = (measure: Measure): ReadonlySignal<Row | undefined> => {
    const held = computed((): Row | undefined => {
      const query = activeQuery.value;
      const slice = matrix.value.value;
      if (query === undefined || !slice || matrix.value.pending || selection.value.measure !== measure)
        return undefined;
      const nKeys = keys.value.tokens.length;
      if (slice.rows !== queries.value.tokens.length || slice.columns !== nKeys) return undefined;
      return { query, values: slice.data.subarray(query * nKeys, (query + 1) * nKeys) };
    });
    const { state: asked } = load(() => {
      const runId = run.value?.runId;
      const index = activeQuery.value;
      if (held.value || !runId || index === undefined || !layer.value?.has.includes(measure))
        return undefined;
      const query = { runId, choices: [selection.value.choice], measure, axis: "query" as const, index };
      return {
        key: JSON.stringify(query),
        ask: async (signal): Promise<Row | undefined> => {
          const [values] = await remote.vectors(query, { signal });
          return values && { query: index, values };
        },
      };
    }, 64);
    return computed(() => {
      const row = held.value ?? (asked.value.pending ? undefined : asked.value.value);
      return row?.query === activeQuery.value ? row : undefined;
    });
  };

  const { state: predictions } = load(() => {
    const { value: shown } = run;
    const position = activeQuery.value;
    const isOutput = shown?.targetTokens ? queries.value.side === "target" : true;
    if (!shown?.hasPredictions || position === undefined || !isOutput) return undefined;
    const query = { runId: shown.runId, position, count: 3 };
    return { key: JSON.stringify(query), ask: (signal) => remote.predictions(query, { signal }) };
  }, 256);

  const { state: statistics } = load(() => {
    const runId = run.value?.runId;
    if (!runId || !block.value) return undefined;
    const query = { runId, block: block.value.kind };
    return {
      key: JSON.stringify(query),
      ask: async (signal) => {
        // They take the worker as long as a forward pass: the picture comes first.
        await nextPainting();
        return remote.statistics(query, { signal });
      },
    };
  });

  return {
    matrix,
    isVisible,
    weights: rowOf("weights"),
    scores: rowOf("scores"),
    predictions: computed(() => (predictions.value.pending ? undefined : predictions.value.value)),
    statistics: computed(() => statistics.value.value),
  };
}
