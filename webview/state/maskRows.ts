import { computed, type ReadonlySignal } from "@preact/signals-core";
import type { MaskSlice } from "../../src/protocol/slices";
import type { Inspector } from "./inspector";
import { load } from "./load";

export type Visible = (query: number, key: number) => boolean;

/** Cells of a mask, a byte each, that one message carries. */
const mostCellsAtOnce = 262_144;

/**
 * The chosen layer's mask as read from the run: whole where that is a small message, else the rows of the active
 * queries and those around them. Undefined until rows have come that hold the active queries; keys of other queries
 * count as visible meanwhile.
 */
export function maskRows(
  { run, block, layer, activeQuery, activeQueries, host }: Inspector,
  isNeeded: () => boolean,
): ReadonlySignal<Visible | undefined> {
  const wanted = computed(() => {
    const shown = layer.value;
    if (!shown) return undefined;
    const active = activeQuery.value ?? 0;
    return rowsToAsk(shown, [active, ...activeQueries.value]);
  });
  const { state } = load<MaskSlice>(() => {
    const runId = run.value?.runId;
    if (!runId || !block.value || !layer.value || !wanted.value || !isNeeded()) return undefined;
    const query = { runId, block: block.value.kind, layer: layer.value.layer, ...wanted.value };
    return { key: JSON.stringify(query), ask: (signal) => host.remote.mask(query, { signal }) };
  }, 16);
  return computed((): Visible | undefined => {
    if (!isNeeded()) return undefined;
    const { value: slice, pending } = state.value;
    if (pending) return undefined;
    if (!slice) return () => true;
    const { queryStart, queryEnd, nKeys, visible } = slice;
    return (query, key) =>
      query < queryStart || query >= queryEnd || visible[(query - queryStart) * nKeys + key] === 1;
  });
}

/**
 * Rows in blocks of which each fits a message, so that a pointer that moves on asks once a block. Queries that lie
 * further apart than one message reaches: those around the first.
 */
export function rowsToAsk(
  { nQueries, nKeys }: { readonly nQueries: number; readonly nKeys: number },
  queries: readonly number[],
): { readonly queryStart: number; readonly queryEnd: number } {
  const most = Math.max(1, Math.floor(mostCellsAtOnce / Math.max(1, nKeys)));
  if (nQueries <= most) return { queryStart: 0, queryEnd: nQueries };
  const [active = 0] = queries;
  const blockStart = (query: number) => Math.floor(query / most) * most;
  const near = queries.filter((query) => Math.abs(query - active) < most);
  const queryStart = blockStart(Math.min(active, ...near));
  const queryEnd = Math.min(nQueries, blockStart(Math.max(active, ...near)) + most);
  return { queryStart, queryEnd };
}
