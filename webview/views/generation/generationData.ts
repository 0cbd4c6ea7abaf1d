import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals-core";
import type { HeadChoice } from "../../../src/core/run";
import type { LogitLens, TokenPrediction } from "../../../src/protocol/generation";
import type { Inspector } from "../../state/inspector";
import { load, type Loaded } from "../../state/load";

/** Which row of attention is looked at for a token: the one that wrote it (of the token before), or its own. */
export type RowOf = "writer" | "own";

/** The attention of one query: of the chosen head, the mean of its layer, and the mean of each layer. */
export interface AttendedRows {
  readonly query: number;
  readonly chosen: Float32Array;
  readonly layerMean: Float32Array;
  readonly perLayer: readonly { readonly layer: number; readonly row: Float32Array }[];
}

export interface GenerationData {
  /** Index of the first token that the model wrote; the number of tokens where it wrote none. */
  readonly start: ReadonlySignal<number>;
  readonly nTokens: ReadonlySignal<number>;
  /** The token that is looked at; the number of tokens for the one that would come next. */
  readonly at: ReadonlySignal<number>;
  readonly query: ReadonlySignal<number>;
  readonly rowOf: Signal<RowOf>;
  /** Of the written tokens and the one that would come next. */
  readonly written: ReadonlySignal<Loaded<readonly TokenPrediction[]>>;
  readonly attended: ReadonlySignal<AttendedRows | undefined>;
  readonly lens: ReadonlySignal<Loaded<LogitLens>>;
  /** How many positions of the lens fit side by side. */
  readonly lensWidth: Signal<number>;
  go(at: number): void;
  stop(): void;
}

const N_LIKELY = 5;
/** Kept while the page lives. */
const rowOf = signal<RowOf>("writer");

export function createGenerationData(inspector: Inspector): GenerationData {
  const { run, selection, block, layer, host } = inspector;
  const { remote } = host;
  const nTokens = computed(() => run.value?.tokens.length ?? 0);
  const start = computed(() => run.value?.generated?.start ?? nTokens.value);
  const at = computed(() => {
    const { query } = selection.value;
    if (query === undefined) return start.value;
    return Math.min(nTokens.value, rowOf.value === "writer" ? query + 1 : query);
  });
  const query = computed(() => {
    const wanted = rowOf.value === "writer" ? at.value - 1 : at.value;
    return Math.max(0, Math.min(nTokens.value - 1, wanted));
  });

  const written = load<readonly TokenPrediction[]>(() => {
    const shown = run.value;
    if (!shown?.hasPredictions) return undefined;
    const asked = { runId: shown.runId, start: start.value, end: nTokens.value + 1, count: N_LIKELY };
    return { key: JSON.stringify(asked), ask: (signal) => remote.tokenPredictions(asked, { signal }) };
  });

  const rows = load<AttendedRows>(() => {
    const runId = run.value?.runId;
    const layers = block.value?.layers.filter(({ has }) => has.includes("weights")) ?? [];
    if (!runId || !block.value || !layer.value || layers.length === 0) return undefined;
    const { kind } = block.value;
    const { choice } = selection.value;
    const mean: HeadChoice = { block: kind, layer: layer.value.layer, head: "mean" };
    const each = layers.map((one): HeadChoice => ({ block: kind, layer: one.layer, head: "mean" }));
    const choices = [choice, mean, ...each];
    const asked = { runId, choices, measure: "weights", axis: "query", index: query.value } as const;
    return {
      key: JSON.stringify(asked),
      async ask(signal) {
        const [chosen, layerMean, ...perLayer] = await remote.vectors({ ...asked, choices }, { signal });
        return {
          query: asked.index,
          chosen: chosen!,
          layerMean: layerMean!,
          perLayer: perLayer.map((row, index) => ({ layer: layers[index]!.layer, row })),
        };
      },
    };
  }, 64);

  const lensWidth = signal(8);
  const lens = load<LogitLens>(() => {
    const shown = run.value;
    if (!shown?.hasPredictions || nTokens.value === 0) return undefined;
    const from = lensStart(query.value, Math.max(0, start.value - 1), nTokens.value, lensWidth.value);
    const end = Math.min(nTokens.value, from + lensWidth.value);
    const asked = { runId: shown.runId, start: from, end, count: N_LIKELY };
    return { key: JSON.stringify(asked), ask: (signal) => remote.logitLens(asked, { signal }) };
  }, 16);

  return {
    start,
    nTokens,
    at,
    query,
    rowOf,
    written: written.state,
    attended: computed(() => {
      const { value } = rows.state.value;
      return value?.chosen.length === nTokens.value ? value : undefined;
    }),
    lens: lens.state,
    lensWidth,
    go(next) {
      const inside = Math.max(1, Math.min(nTokens.peek(), next));
      inspector.pin(Math.min(nTokens.peek() - 1, rowOf.peek() === "writer" ? inside - 1 : inside));
    },
    stop: () => [written, rows, lens].forEach((each) => each.stop()),
  };
}

/**
 * First position of a window of `width` that holds `query`: windows lie side by side from `first` on, so that stepping
 * changes them seldom.
 */
export function lensStart(query: number, first: number, nTokens: number, width: number): number {
  const from =
    query >= first ? first + Math.floor((query - first) / width) * width : query - Math.floor(width / 2);
  return Math.max(0, Math.min(nTokens - width, from));
}
