import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals-core";
import type { ErrorReport } from "../../../src/core/errors";
import { groupingOf, groupMatrix } from "../../../src/core/groupMatrix";
import { marginalsOf, type Marginals } from "../../../src/core/marginals";
import { computedRule } from "../../../src/core/maskRule";
import { maskedCell, notComputedCell, quantise } from "../../../src/paint/heatmap";
import { divergingRamp, sequentialRamp, type Ramp } from "../../../src/paint/ramp";
import { scoreScale, weightScale, type Scale } from "../../../src/paint/scale";
import { load } from "../../state/load";
import { mostCells } from "../../state/runData";
import type { ViewContext } from "../view";
import { createLargeHead, type LargeHead } from "./largeHead";
import type { Patch } from "./patch";
import { layOutHead, type ShownTokens } from "./shownTokens";
import { everything, type Viewport } from "./viewport";

/** The matrix as it is shown, all of it, unpooled: [nRows, nColumns]. */
export interface WholeMatrix {
  readonly nRows: number;
  readonly nColumns: number;
  readonly data: Float32Array;
  isVisible(row: number, column: number): boolean;
}

/** One way in which cells without a value are painted, and what it means. */
export interface Hidden {
  readonly pattern: "masked" | "not-computed";
  readonly label: string;
}

export interface HeadData extends ShownTokens {
  readonly viewport: Signal<Viewport>;
  readonly size: ReadonlySignal<{ readonly nRows: number; readonly nColumns: number }>;
  /** All cells, where there are at most `mostCells` tokens a side; the page then holds them. */
  readonly whole: ReadonlySignal<WholeMatrix | undefined>;
  /** Its parts, fetched as they are looked at, where there are more tokens. */
  readonly large: ReadonlySignal<LargeHead | undefined>;
  /** Everything in one patch: exact, or the coarsest level. */
  readonly overall: ReadonlySignal<Patch | undefined>;
  readonly scale: ReadonlySignal<Scale>;
  readonly ramp: ReadonlySignal<Ramp>;
  /** What cells without a value are hidden by. */
  readonly hidden: ReadonlySignal<readonly Hidden[]>;
  isCellComputed(row: number, column: number): boolean;
  readonly marginals: ReadonlySignal<Marginals | undefined>;
  readonly pending: ReadonlySignal<boolean>;
  readonly error: ReadonlySignal<ErrorReport | undefined>;
  /** The value of a shown cell, where the page holds it. */
  valueAt(row: number, column: number): number | undefined;
}

export function loadHead(context: ViewContext): HeadData {
  const { inspector, data } = context;
  const { selection, run, queries, keys, arrangement, theme, settings, host } = inspector;
  const viewport = signal(everything);
  const shown = layOutHead(context);
  const size = computed(() => ({
    nRows: shown.rows.value.groups.length,
    nColumns: shown.columns.value.groups.length,
  }));
  const isLarge = computed(() => Math.max(queries.value.tokens.length, keys.value.tokens.length) > mostCells);

  const whole = computed((): WholeMatrix | undefined => {
    const { value } = data.matrix.value;
    const visible = data.isVisible.value;
    const nKeys = keys.value.tokens.length;
    if (isLarge.value || !visible || value?.rows !== queries.value.tokens.length || value.columns !== nKeys)
      return undefined;
    const { groups: rows } = shown.rows.value;
    const { groups: columns } = shown.columns.value;
    const [nRows, nColumns] = [rows.length, columns.length];
    if (!shown.layout.value) return { nRows, nColumns, data: value.data, isVisible: visible };
    const grouped = groupMatrix(value.data, nKeys, rows, columns, groupingOf(selection.value.measure));
    const isVisible = (row: number, column: number) =>
      rows[row]!.some((query) => columns[column]!.some((key) => visible(query, key)));
    return { nRows, nColumns, data: grouped, isVisible };
  });

  const asked = load(() => {
    const runId = run.value?.runId;
    const { choice, measure } = selection.value;
    if (!runId || !isLarge.value || !data.canShow(measure)) return undefined;
    const query = { runId, choice, measure, layout: shown.layout.value };
    return { key: JSON.stringify(query), ask: (signal) => host.remote.marginals(query, { signal }) };
  });
  const marginals = computed(() => {
    const { value } = whole;
    return value ? marginalsOf(value.data, value.nRows, value.nColumns) : asked.state.value.value;
  });

  /** Of a run in windows, which tokens were computed with which; of other runs all were. */
  const isComputed = computed(() => run.value?.windows && computedRule(run.value.windows));
  const isCellComputed = computed(() => {
    const { value: rule } = isComputed;
    const { groups: rows } = shown.rows.value;
    const { groups: columns } = shown.columns.value;
    return (
      rule &&
      ((row: number, column: number) =>
        rows[row]!.some((query) => columns[column]!.some((key) => rule(query, query + 1, key, key + 1))))
    );
  });
  const scale = computed((): Scale => {
    if (selection.value.measure !== "scores")
      return weightScale(arrangement.value.squareRoot, data.largest.value);
    const { value } = whole;
    if (!value) return { kind: "signed", max: asked.state.value.value?.largest ?? 1 };
    const { nColumns } = value;
    return scoreScale(value.data, (at) => value.isVisible(Math.floor(at / nColumns), at % nColumns));
  });
  const wholePatch = computed((): Patch | undefined => {
    const { value } = whole;
    if (!value || value.nRows === 0 || value.nColumns === 0) return undefined;
    const cells = quantise(
      value.data,
      value.nRows,
      value.nColumns,
      scale.value,
      value.isVisible,
      isCellComputed.value,
    );
    return { cells, row: 0, column: 0, perSide: 1 };
  });
  const large = createLargeHead(context, {
    viewport,
    size,
    isLarge,
    scale,
    shown,
    // Of tokens that are grouped or sorted a tile does not say which they are.
    isComputed: computed(() => (shown.layout.value ? undefined : isComputed.value)),
  });
  const overall = computed(() => wholePatch.value ?? large.value?.top.value);

  let before = { nRows: 0, nColumns: 0, runId: "" };
  const stopReset = effect(() => {
    const next = { ...size.value, runId: run.value?.runId ?? "" };
    if (JSON.stringify(next) !== JSON.stringify(before)) viewport.value = everything;
    before = next;
  });

  return {
    ...shown,
    viewport,
    size,
    whole,
    large,
    overall,
    scale,
    ramp: computed(() => {
      const { palette } = theme.value;
      return selection.value.measure === "scores"
        ? divergingRamp(palette)
        : sequentialRamp(settings.value.colourMap, palette);
    }),
    hidden: computed(() => {
      const { codes } = overall.value?.cells ?? {};
      const isTold = !run.value?.windows || !isLarge.value || !shown.layout.value;
      const masked = isTold ? "masked" : "masked or not computed";
      return [
        ...(codes?.includes(maskedCell) ? [{ pattern: "masked", label: masked } as const] : []),
        ...(codes?.includes(notComputedCell)
          ? [{ pattern: "not-computed", label: "not computed" } as const]
          : []),
      ];
    }),
    isCellComputed: (row, column) => isCellComputed.peek()?.(row, column) ?? true,
    marginals,
    pending: computed(() => data.matrix.value.pending || (large.value?.pending.value ?? false)),
    error: computed(() => data.matrix.value.error ?? large.value?.failure.value),
    valueAt(row, column) {
      const { value } = whole;
      return value ? value.data[row * value.nColumns + column] : large.value?.valueAt(row, column);
    },
    stop() {
      stopReset();
      asked.stop();
      shown.stop();
      large.peek()?.stop();
    },
  };
}
