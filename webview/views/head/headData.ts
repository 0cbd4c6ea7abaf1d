import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals-core";
import { maskedCell, quantise, type Cells, type CellView } from "../../../src/paint/heatmap";
import { divergingRamp, sequentialRamp, type Ramp } from "../../../src/paint/ramp";
import { scoreScale, weightScale, type Scale } from "../../../src/paint/scale";
import { pooledVisibility } from "../../../src/paint/visibility";
import type { MatrixSlice } from "../../../src/protocol/slices";
import { load } from "../../state/load";
import { mostCells } from "../../state/runData";
import type { ViewContext } from "../view";
import { columnSums, rowEntropies } from "./rows";
import { everything, seenCells, type PlotSize, type Viewport } from "./viewport";

/** Cells of a part of the matrix and the tokens they stand for. */
export interface Patch {
  readonly cells: Cells;
  readonly slice: MatrixSlice;
}

export interface HeadData {
  readonly viewport: Signal<Viewport>;
  readonly size: ReadonlySignal<{ readonly nRows: number; readonly nColumns: number }>;
  readonly whole: ReadonlySignal<Patch | undefined>;
  /** The seen part at full resolution, where the whole is pooled and the part is small enough. */
  readonly part: ReadonlySignal<Patch | undefined>;
  readonly scale: ReadonlySignal<Scale>;
  readonly ramp: ReadonlySignal<Ramp>;
  readonly hasMasked: ReadonlySignal<boolean>;
  readonly columnSums: ReadonlySignal<Float32Array | undefined>;
  readonly rowEntropy: ReadonlySignal<Float32Array | undefined>;
  stop(): void;
}

export function loadHead({ inspector, data }: ViewContext): HeadData {
  const { selection, run, queries, keys, arrangement, theme, settings, host } = inspector;
  const viewport = signal(everything);
  const size = computed(() => ({
    nRows: queries.value.tokens.length,
    nColumns: keys.value.tokens.length,
  }));
  const isPooled = computed(() => size.value.nRows > mostCells || size.value.nColumns > mostCells);

  const part = load(() => {
    const runId = run.value?.runId;
    if (!runId || !isPooled.value) return undefined;
    const window = alignedWindow(viewport.value, { ...size.value, cell: 1 });
    if (!window) return undefined;
    const { choice, measure } = selection.value;
    const query = { runId, choice, measure, window, maxRows: mostCells, maxColumns: mostCells };
    return { key: JSON.stringify(query), ask: (signal) => host.remote.matrix(query, { signal }) };
  }, 4);

  const slice = computed(() => {
    const { value } = data.matrix.value;
    const { nRows, nColumns } = size.value;
    return value && value.queryEnd <= nRows && value.keyEnd <= nColumns ? value : undefined;
  });
  const scale = computed(() => {
    if (selection.value.measure === "weights") return weightScale(arrangement.value.squareRoot);
    const matrix = slice.value;
    const visible = data.isVisible.value;
    if (!matrix) return weightScale(false);
    const { columns } = matrix;
    const unpooled = matrix.rows === size.value.nRows && columns === size.value.nColumns;
    return scoreScale(matrix.data, (index) =>
      visible && unpooled
        ? visible(Math.floor(index / columns), index % columns)
        : Math.abs(matrix.data[index]!) < 1e9,
    );
  });
  const patch = (from: MatrixSlice | undefined): Patch | undefined => {
    const visible = data.isVisible.value;
    if (!from || !visible) return undefined;
    const { queryStart, queryEnd, keyStart, keyEnd, rows, columns } = from;
    const inWindow = (query: number, key: number) => visible(query + queryStart, key + keyStart);
    const pooled = pooledVisibility(inWindow, queryEnd - queryStart, keyEnd - keyStart, rows, columns);
    return { slice: from, cells: quantise(from.data, rows, columns, scale.value, pooled) };
  };
  const whole = computed(() => patch(slice.value));
  const exact = computed(() => {
    const matrix = slice.value;
    return matrix && !isPooled.value && selection.value.measure === "weights" ? matrix : undefined;
  });

  return {
    viewport,
    size,
    whole,
    part: computed(() => (part.state.value.pending ? undefined : patch(part.state.value.value))),
    scale,
    ramp: computed(() => {
      const { palette } = theme.value;
      return selection.value.measure === "scores"
        ? divergingRamp(palette)
        : sequentialRamp(settings.value.colourMap, palette);
    }),
    hasMasked: computed(() => whole.value?.cells.codes.includes(maskedCell) ?? false),
    columnSums: computed(() => exact.value && columnSums(exact.value)),
    rowEntropy: computed(() => exact.value && rowEntropies(exact.value)),
    stop: part.stop,
  };
}

/** How a patch's cells lie under the viewport; `cell` is the size of a token in device pixels at the current zoom. */
export function patchView({ slice, cells }: Patch, viewport: Viewport, cell: number): CellView {
  const tokensPerRow = (slice.queryEnd - slice.queryStart) / cells.rows;
  const tokensPerColumn = (slice.keyEnd - slice.keyStart) / cells.columns;
  return {
    row: (viewport.row - slice.queryStart) / tokensPerRow,
    column: (viewport.column - slice.keyStart) / tokensPerColumn,
    cellWidth: cell * tokensPerColumn,
    cellHeight: cell * tokensPerRow,
  };
}

/** The seen window widened to multiples of 64 tokens, so that small moves ask nothing; none when it is too large. */
function alignedWindow(viewport: Viewport, size: PlotSize) {
  const seen = seenCells(viewport, size);
  const down = (value: number) => Math.floor(value / 64) * 64;
  const up = (value: number, most: number) => Math.min(most, Math.ceil(value / 64) * 64);
  const window = {
    queryStart: down(viewport.row),
    queryEnd: up(viewport.row + seen.rows, size.nRows),
    keyStart: down(viewport.column),
    keyEnd: up(viewport.column + seen.columns, size.nColumns),
  };
  const fits =
    window.queryEnd - window.queryStart <= mostCells && window.keyEnd - window.keyStart <= mostCells;
  return fits ? window : undefined;
}
