import { computed, type ReadonlySignal } from "@preact/signals-core";
import type { Inspector } from "../../state/inspector";
import type { HeadData } from "./headData";
import { reveal, type PlotSize } from "./viewport";

/** A row and a column of the head as it is shown. */
export interface ShownCell {
  readonly query: number;
  readonly key: number;
}

/** Between the rows and columns on screen and the tokens that the whole page speaks of. */
export interface HeadPlace {
  /** What is under the pointer or the keyboard. */
  readonly cell: ReadonlySignal<ShownCell | undefined>;
  readonly value: ReadonlySignal<number | undefined>;
  /** Rows of the queries that are shown elsewhere: pointed at, or pinned. Ascending. */
  readonly chosenRows: ReadonlySignal<readonly number[]>;
  point(at: ShownCell | undefined): void;
  /** Points at the nearest cell there is and moves just as far as is needed to see it. */
  moveTo(row: number, column: number, size: PlotSize): void;
}

export function createPlace(inspector: Inspector, head: HeadData): HeadPlace {
  const { pointed, activeQueries } = inspector;
  const cell = computed((): ShownCell | undefined => {
    const at = pointed.value;
    if (at?.kind !== "cell") return undefined;
    const query = head.rows.value.placeOf(at.query);
    const key = head.columns.value.placeOf(at.key);
    return query < 0 || key < 0 ? undefined : { query, key };
  });
  const place: HeadPlace = {
    cell,
    value: computed(() => cell.value && head.valueAt(cell.value.query, cell.value.key)),
    chosenRows: computed(() => {
      const rows = activeQueries.value.map((query) => head.rows.value.placeOf(query));
      return [...new Set(rows.filter((row) => row >= 0))].sort((a, b) => a - b);
    }),
    point(at) {
      const before = pointed.peek();
      const queries = at && head.rows.peek().groups[at.query];
      const keys = at && head.columns.peek().groups[at.key];
      const [query] = queries ?? [];
      const [key] = keys ?? [];
      if (query === undefined || key === undefined) {
        pointed.value = undefined;
        return;
      }
      if (before?.kind === "cell" && before.query === query && before.key === key) return;
      const isWord = queries!.length > 1 || keys!.length > 1;
      pointed.value = { kind: "cell", query, key, ...(isWord && { queries, keys }) };
    },
    moveTo(row, column, size) {
      const query = Math.min(size.nRows - 1, Math.max(0, row));
      const key = Math.min(size.nColumns - 1, Math.max(0, column));
      head.viewport.value = reveal(head.viewport.peek(), size, query, key);
      place.point({ query, key });
    },
  };
  return place;
}
