import { computed, signal, type ReadonlySignal } from "@preact/signals-core";
import { maskRule } from "../../../src/core/maskRule";
import { findBlock, type BlockKind, type HeadChoice } from "../../../src/core/run";
import { quantise, type Cells } from "../../../src/paint/heatmap";
import { weightScale } from "../../../src/paint/scale";

import type { TokenPrediction } from "../../../src/protocol/generation";
import type { MatrixSlice } from "../../../src/protocol/slices";
import type { Inspector } from "../../state/inspector";
import { load } from "../../state/load";
import { mostCells } from "../../state/runData";
import { targetSteps, type TargetStep } from "./targetSteps";

export const blockKinds: readonly BlockKind[] = ["encoder", "decoder", "cross"];

/** One attention of an encoder-decoder as it is shown. */
export interface ShownBlock {
  readonly kind: BlockKind;
  readonly choice: HeadChoice;
  /** [queries, keys], unpooled up to 512 tokens. */
  readonly slice: MatrixSlice;
  readonly cells: Cells;
  readonly isVisible: (query: number, key: number) => boolean;
}

export interface EncoderDecoderData {
  /** The step that is looked at, an index into `steps`: the query of the decoder's attentions, kept with the page. */
  readonly step: ReadonlySignal<number>;
  go(step: number): void;
  readonly steps: ReadonlySignal<readonly TargetStep[]>;
  /** Absent where the model has no such attention; undefined data while it is on its way. */
  readonly blocks: Readonly<Record<BlockKind, ReadonlySignal<ShownBlock | undefined>>>;
  readonly choices: ReadonlySignal<Readonly<Record<BlockKind, HeadChoice>>>;
  choose(kind: BlockKind, change: Partial<HeadChoice>): void;
  stop(): void;
}

/** How many alternatives of each step are shown. */
const N_LIKELY = 5;

export function createEncoderDecoderData(inspector: Inspector): EncoderDecoderData {
  const { run, selection, host, arrangement } = inspector;
  const stops: (() => void)[] = [];
  /** Of the blocks that are not the page's own choice. */
  const others = signal<Partial<Record<BlockKind, HeadChoice>>>({});
  const choices = computed(() => {
    const of = (block: BlockKind): HeadChoice => {
      const { choice } = selection.value;
      if (choice.block === block) return choice;
      return others.value[block] ?? { block, layer: "all", head: "mean" };
    };
    return { encoder: of("encoder"), decoder: of("decoder"), cross: of("cross") };
  });

  const { state: predictions, stop } = load<TokenPrediction[]>(() => {
    const shown = run.value;
    if (!shown?.hasPredictions || !shown.targetTokens) return undefined;
    const query = { runId: shown.runId, start: 1, end: shown.targetTokens.length + 1, count: N_LIKELY };
    return {
      key: JSON.stringify(query),
      ask: (signal) => host.remote.tokenPredictions(query, { signal }),
    };
  });
  stops.push(stop);
  const steps = computed(() => {
    const shown = run.value;
    if (!shown) return [];
    const { pending, value } = predictions.value;
    return targetSteps(shown, pending ? undefined : value);
  });

  const blockOf = (kind: BlockKind): ReadonlySignal<ShownBlock | undefined> => {
    const found = computed(() => run.value && findBlock(run.value, kind));
    const { state, stop } = load<MatrixSlice>(() => {
      const runId = run.value?.runId;
      if (!runId || !found.value) return undefined;
      const choice = choices.value[kind];
      const query = { runId, choice, measure: "weights", maxRows: mostCells, maxColumns: mostCells } as const;
      return { key: JSON.stringify(query), ask: (signal) => host.remote.matrix(query, { signal }) };
    });
    stops.push(stop);
    return computed((): ShownBlock | undefined => {
      const slice = state.value.value;
      const block = found.value;
      if (!slice || !block || slice.queryEnd > (block.layers[0]?.nQueries ?? 0)) return undefined;
      const choice = choices.value[kind];
      const layer = block.layers.find((each) => each.layer === choice.layer) ?? block.layers[0];
      const isWhole = slice.rows === slice.queryEnd && slice.columns === slice.keyEnd;
      const isVisible = (isWhole && layer && maskRule(layer.mask)) || (() => true);
      const scale = weightScale(arrangement.value.squareRoot);
      const cells = quantise(slice.data, slice.rows, slice.columns, scale, isVisible);
      return { kind, choice, slice, cells, isVisible };
    });
  };

  // The finished target first; stepping back takes it apart.
  const last = signal(Infinity);
  const step = computed(() => {
    const { query, choice } = selection.value;
    // The encoder's query is a token of the source.
    const wanted = choice.block !== "encoder" && query !== undefined ? query : last.value;
    return Math.max(0, Math.min(steps.value.length - 1, wanted));
  });
  return {
    step,
    go(next) {
      const inside = Math.max(0, Math.min(steps.peek().length - 1, next));
      last.value = inside;
      if (selection.peek().choice.block !== "encoder") inspector.pin(inside);
    },
    steps,
    choices,
    blocks: { encoder: blockOf("encoder"), decoder: blockOf("decoder"), cross: blockOf("cross") },
    choose(kind, change) {
      const before = selection.peek().choice;
      if (before.block !== kind) {
        others.value = { ...others.peek(), [before.block]: before };
        inspector.choose({ ...choices.peek()[kind], ...change });
      } else inspector.choose(change);
    },
    stop: () => stops.forEach((each) => each()),
  };
}

/** One row of a shown block; undefined where it is pooled or not there. */
export function rowOf(block: ShownBlock | undefined, query: number): Float32Array | undefined {
  if (!block) return undefined;
  const { slice } = block;
  if (slice.rows !== slice.queryEnd - slice.queryStart || query >= slice.rows) return undefined;
  return slice.data.subarray(query * slice.columns, (query + 1) * slice.columns);
}
