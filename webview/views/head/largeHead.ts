import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals-core";
import type { ErrorReport } from "../../../src/core/errors";
import type { BlockRule } from "../../../src/core/maskRule";
import type { Scale } from "../../../src/paint/scale";
import type { MatrixSlice } from "../../../src/protocol/slices";
import type { ViewContext } from "../view";
import { isQuantised, patchOf, type Patch, type Piece } from "./patch";
import {
  cellsPerSide,
  levelFor,
  parentOf,
  tileCells,
  tilesInView,
  tileWindow,
  topLevel,
  type MatrixSize,
  type TileAddress,
} from "./pyramid";
import type { ShownTokens } from "./shownTokens";
import { createSliceCache, type Base, type Part, type SliceCache } from "./sliceCache";
import type { Viewport } from "./viewport";

/** Of weights with their visibility: some 300 tiles, a screen at each level of several heads. */
const byteBudget = 96e6;

/** Of a frame, for tiles that have just come: the others wait for the next one under what is coarser. */
const quantiseMs = 5;

/** Rows that are fetched together for single lines. */
const bandRows = 32;

/** A head of more tokens than a message carries: levels of tiles, the coarser shown until the finer is there. */
export interface LargeHead {
  /** The coarsest level; of the head that is shown, which is the chosen one as soon as its own is there. */
  readonly top: ReadonlySignal<Patch | undefined>;
  /** What to paint of what is seen, finest first; asks for what is missing. `pixelsPerCell` is of the screen. */
  pieces(pixelsPerCell: number): readonly Piece[];
  /** How many tokens a side one painted cell covers at this size. */
  tokensPerCell(pixelsPerCell: number): number;
  /** Full rows, for lines: the bands that hold some of the ranges and are there; asks for the others. */
  bands(ranges: readonly (readonly [first: number, end: number])[]): readonly MatrixSlice[];
  /** One column over all rows; asks for it where it is missing. */
  columnOf(column: number): MatrixSlice | undefined;
  valueAt(row: number, column: number): number | undefined;
  readonly pending: ReadonlySignal<boolean>;
  readonly failure: ReadonlySignal<ErrorReport | undefined>;
  stop(): void;
}

interface Sources {
  readonly viewport: Signal<Viewport>;
  readonly size: ReadonlySignal<MatrixSize>;
  readonly isLarge: ReadonlySignal<boolean>;
  readonly scale: ReadonlySignal<Scale>;
  readonly shown: ShownTokens;
  readonly isComputed: ReadonlySignal<BlockRule | undefined>;
}

export function createLargeHead(
  { inspector, data }: ViewContext,
  { viewport, size, isLarge, scale, shown, isComputed }: Sources,
): ReadonlySignal<LargeHead | undefined> {
  const { run, selection, layer, host } = inspector;
  const newCache = (budget: number) =>
    createSliceCache((query, signal) => host.remote.matrix(query, { signal }), budget);
  let caches: Record<"tiles" | "rows" | "columns", SliceCache> | undefined;
  const opened = () =>
    (caches ??= {
      tiles: newCache(byteBudget),
      rows: newCache(byteBudget / 3),
      columns: newCache(byteBudget / 30),
    });

  const wanted = computed((): Base | undefined => {
    const runId = run.value?.runId;
    const { choice, measure } = selection.value;
    if (!runId || !isLarge.value || !layer.value || !data.canShow(measure)) return undefined;
    const { nRows, nColumns } = size.value;
    if (nRows === 0 || nColumns === 0) return undefined;
    const query = { runId, choice, measure, ...(shown.layout.value && { layout: shown.layout.value }) };
    return { key: JSON.stringify(query), query };
  });
  /** The newest head of which the coarsest level is there; until then the one before it stays. */
  const settled = signal<{ base: Base; size: MatrixSize } | undefined>(undefined);

  /** Grows when tiles that came were put off to the next frame. */
  const putOff = signal(0);
  let next = 0;
  const putOffOthers = () => {
    cancelAnimationFrame(next);
    next = requestAnimationFrame(() => putOff.value++);
  };

  const partOf = (address: TileAddress, of: MatrixSize): Part => ({
    window: tileWindow(address, of),
    tokensPerCell: cellsPerSide(address.level),
    withVisibility: true,
  });
  const topOf = (of: MatrixSize) => partOf({ level: topLevel(of), row: 0, column: 0 }, of);

  const large: LargeHead = {
    top: computed(() => {
      const { value } = settled;
      const { tiles } = opened();
      void tiles.arrived.value;
      const slice = value && tiles.get(value.base, topOf(value.size));
      return slice && patchOf(slice, cellsPerSide(topLevel(value.size)), scale.value, isComputed.value);
    }),
    pieces(pixelsPerCell) {
      const { tiles } = opened();
      void tiles.arrived.value;
      const { value } = settled;
      const isOld = wanted.value?.key !== value?.base.key;
      void putOff.value;
      if (!value) return [];
      const start = performance.now();
      const of = value.size;
      const top = topLevel(of);
      const level = levelFor(pixelsPerCell, top);
      const seen = tilesInView(viewport.value, of, level);
      const parts = seen.map((address) => partOf(address, of));
      if (!isOld) tiles.want(value.base, [topOf(of), ...parts]);
      return seen.flatMap((address, at) => {
        const window = parts[at]!.window;
        for (let source = address; source.level <= top; source = parentOf(source)) {
          const slice = tiles.get(value.base, partOf(source, of));
          const isLate = performance.now() - start > quantiseMs && source.level < top;
          if (slice && isLate && !isQuantised(slice, scale.value)) putOffOthers();
          else if (slice) {
            const patch = patchOf(slice, cellsPerSide(source.level), scale.value, isComputed.value);
            return { patch, ...pieceOf(window) };
          }
        }
        return [];
      });
    },
    tokensPerCell: (pixelsPerCell) => cellsPerSide(levelFor(pixelsPerCell, topLevel(size.value))),
    bands(ranges) {
      const { rows } = opened();
      void rows.arrived.value;
      const next = wanted.value;
      if (!next) return [];
      const { nRows, nColumns } = size.value;
      const starts = ranges.flatMap(([first, end]) => {
        const from = Math.floor(first / bandRows);
        const count = Math.max(0, Math.ceil(Math.min(end, nRows) / bandRows) - from);
        return Array.from({ length: count }, (_, at) => (from + at) * bandRows);
      });
      const parts = [...new Set(starts)].map((queryStart): Part => {
        const queryEnd = Math.min(nRows, queryStart + bandRows);
        const window = { queryStart, queryEnd, keyStart: 0, keyEnd: nColumns };
        return { window, tokensPerCell: 1, withVisibility: false };
      });
      rows.want(next, parts);
      return parts.flatMap((part) => rows.get(next, part) ?? []);
    },
    columnOf(column) {
      const { columns } = opened();
      void columns.arrived.value;
      const next = wanted.value;
      if (!next) return undefined;
      const window = { queryStart: 0, queryEnd: size.value.nRows, keyStart: column, keyEnd: column + 1 };
      const part: Part = { window, tokensPerCell: 1, withVisibility: false };
      columns.want(next, [part]);
      return columns.get(next, part);
    },
    valueAt(row, column) {
      const { tiles } = opened();
      const { value } = settled;
      if (!value) return undefined;
      const level0 = { level: 0, row: Math.floor(row / tileCells), column: Math.floor(column / tileCells) };
      const slice = tiles.get(value.base, partOf(level0, value.size));
      return slice?.data[(row - slice.queryStart) * slice.columns + column - slice.keyStart];
    },
    pending: computed(() => wanted.value !== undefined && wanted.value.key !== settled.value?.base.key),
    failure: computed(() => opened().tiles.failure.value),
    stop() {
      stopSettling();
      cancelAnimationFrame(next);
      for (const cache of Object.values(caches ?? {})) cache.stop();
    },
  };

  const stopSettling = effect(() => {
    const next = wanted.value;
    const of = size.value;
    const before = settled.peek();
    // A picture of another size does not fit the axes that are there now.
    if (!isLarge.value || before?.size.nRows !== of.nRows || before.size.nColumns !== of.nColumns)
      settled.value = undefined;
    if (!next || !shown.isSettled.value || settled.peek()?.base.key === next.key) return;
    const { tiles } = opened();
    void tiles.arrived.value;
    if (tiles.get(next, topOf(of))) settled.value = { base: next, size: of };
    else tiles.want(next, [topOf(of)]);
  });
  return computed(() => (isLarge.value ? large : undefined));
}

function pieceOf({ queryStart, queryEnd, keyStart, keyEnd }: Part["window"]) {
  return { rowStart: queryStart, rowEnd: queryEnd, columnStart: keyStart, columnEnd: keyEnd };
}
