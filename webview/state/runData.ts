import { computed, type ReadonlySignal } from "@preact/signals-core";
import { groupingOf, meanRow } from "../../src/core/groupMatrix";
import { maskRule } from "../../src/core/maskRule";
import {
  isLengthWeighted,
  measureLack,
  measureMask,
  perHeadMeasure,
  type ShownMeasure,
} from "../../src/core/measures/measure";
import type { HeadStatistics, MatrixSlice, Prediction } from "../../src/protocol/slices";
import type { Inspector } from "./inspector";
import { load, type Loaded } from "./load";
import { maskRows, type Visible } from "./maskRows";
import { nextPainting } from "../frame";

/** A row of the chosen head, or the mean of several: its queries (`query` is one of them) and one number for each key. */
export interface Row {
  readonly query: number;
  readonly queries: readonly number[];
  readonly values: Float32Array;
}

/** What views read of the run's tensors: fetched when looked at, kept for a while, cancelled when superseded. */
export interface RunData {
  /** The chosen head and measure over all tokens; nothing where there are more than `mostCells` on a side. */
  readonly matrix: ReadonlySignal<Loaded<MatrixSlice>>;
  /** The chosen layer's mask, of a large one that follows no rule the rows of the active queries; undefined while it is being read. */
  readonly isVisible: ReadonlySignal<Visible | undefined>;
  /** Weights and scores of the active query, or the mean of the active queries, exact; undefined while on their way. */
  readonly weights: ReadonlySignal<Row | undefined>;
  readonly scores: ReadonlySignal<Row | undefined>;
  /** The same in the chosen measure. */
  readonly shown: ReadonlySignal<Row | undefined>;
  /** The largest value of the chosen measure in any head of the block. */
  readonly largest: ReadonlySignal<number>;
  /** Whether the chosen layer has the measure. */
  canShow(measure: ShownMeasure): boolean;
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
  const { run, selection, layer, block, queries, keys, activeQuery, activeQueries, host } = inspector;
  const remote = host.remote;

  const canShow = (measure: ShownMeasure) =>
    block.value !== undefined &&
    measureLack(block.value, selection.value.choice.layer, measure) === undefined;

  const { state: matrix } = load(() => {
    const runId = run.value?.runId;
    const { choice, measure, view } = selection.value;
    if (!runId || !layer.value || !canShow(measure)) return undefined;
    // The overview shows no single head: only a small one is fetched before it is looked at.
    if (view === "heads" && layer.value.nQueries * layer.value.nKeys > smallMatrix) return undefined;
    if (Math.max(layer.value.nQueries, layer.value.nKeys) > mostCells) return undefined;
    const query = { runId, choice, measure };
    return { key: JSON.stringify(query), ask: (signal) => remote.matrix(query, { signal }) };
  }, 16);

  const summaryVisible = computed(
    () => layer.value && maskRule(measureMask(layer.value.mask, selection.value.measure)),
  );
  const isKnown = computed(() => layer.value !== undefined && layer.value.mask.kind !== "unknown");
  const rowsVisible = maskRows(inspector, () => isKnown.value && !summaryVisible.value);
  const isVisible = computed((): Visible | undefined => {
    if (summaryVisible.value) return summaryVisible.value;
    return isKnown.value ? rowsVisible.value : () => true;
  });

  // One cell tells it of a block whose matrices are fetched in parts.
  const { state: corner } = load(() => {
    const runId = run.value?.runId;
    const { choice, measure } = selection.value;
    if (!runId || !isLengthWeighted(measure) || !canShow(measure)) return undefined;
    if (matrix.value.pending || matrix.value.value) return undefined;
    const query = { runId, choice, measure, maxRows: 1, maxColumns: 1 };
    return { key: JSON.stringify(query), ask: (signal) => remote.matrix(query, { signal }) };
  });
  const largest = computed(() =>
    isLengthWeighted(selection.value.measure)
      ? (matrix.value.value?.largest ?? corner.value.value?.largest ?? 1)
      : 1,
  );

  const rowOf = (which: () => ShownMeasure): ReadonlySignal<Row | undefined> => {
    const held = computed((): Row | undefined => {
      const query = activeQuery.value;
      const shown = activeQueries.value;
      const slice = matrix.value.value;
      if (query === undefined || !slice || matrix.value.pending || selection.value.measure !== which())
        return undefined;
      const nKeys = keys.value.tokens.length;
      if (slice.rows !== queries.value.tokens.length || slice.columns !== nKeys) return undefined;
      const values =
        shown.length === 1
          ? slice.data.subarray(query * nKeys, (query + 1) * nKeys)
          : meanRow(slice.data, nKeys, shown, groupingOf(which()));
      return { query, queries: shown, values };
    });
    const { state: asked } = load(() => {
      const runId = run.value?.runId;
      const index = activeQuery.value;
      const measure = which();
      if (held.value || !runId || index === undefined || !canShow(measure)) return undefined;
      const several = activeQueries.value;
      const { choice } = selection.value;
      if (several.length > 1) {
        const query = { runId, choice, measure, queries: several };
        return {
          key: JSON.stringify(query),
          ask: async (signal): Promise<Row | undefined> => ({
            query: index,
            queries: several,
            values: await remote.meanRow(query, { signal }),
          }),
        };
      }
      const query = { runId, choices: [choice], measure, axis: "query" as const, index };
      return {
        key: JSON.stringify(query),
        ask: async (signal): Promise<Row | undefined> => {
          const [values] = await remote.vectors(query, { signal });
          return values && { query: index, queries: [index], values };
        },
      };
    }, 64);
    return computed(() => {
      const row = held.value ?? (asked.value.pending ? undefined : asked.value.value);
      return row && sameQueries(row.queries, activeQueries.value) ? row : undefined;
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
    const measure = perHeadMeasure(selection.value.measure);
    const query = { runId, block: block.value.kind, measure };
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
    weights: rowOf(() => "weights"),
    scores: rowOf(() => "scores"),
    shown: rowOf(() => selection.value.measure),
    largest,
    canShow,
    predictions: computed(() => (predictions.value.pending ? undefined : predictions.value.value)),
    statistics: computed(() => statistics.value.value),
  };
}

function sameQueries(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((query, at) => query === other[at]);
}
