import { signal, type ReadonlySignal } from "@preact/signals-core";
import { isCancelled, toReport, type ErrorReport } from "../../../src/core/errors";
import type { MatrixQuery, MatrixSlice } from "../../../src/protocol/slices";

/** A part of a matrix: what is asked beside the choice of the head. */
export type Part = Required<Pick<MatrixQuery, "window" | "tokensPerCell" | "withVisibility">>;

/** Which matrix the parts belong to; its key is equal for equal matrices. */
export interface Base {
  readonly key: string;
  readonly query: Pick<MatrixQuery, "runId" | "choice" | "measure" | "layout">;
}

export interface SliceCache {
  get(base: Base, part: Part): MatrixSlice | undefined;
  /** Asks for what is not there, in this order; whatever else was being asked is no longer wanted. */
  want(base: Base, parts: readonly Part[]): void;
  /** Grows with each answer: to read it is to follow. */
  readonly arrived: ReadonlySignal<number>;
  readonly failure: ReadonlySignal<ErrorReport | undefined>;
  stop(): void;
}

/** Asked at once: enough to keep the way busy, few enough that a newer wish does not wait. */
const mostAtOnce = 4;

/** Parts of matrices, fetched as they are wanted and kept within a budget of bytes, the longest unused going first. */
export function createSliceCache(
  ask: (query: MatrixQuery, signal: AbortSignal) => Promise<MatrixSlice>,
  byteBudget: number,
): SliceCache {
  const kept = new Map<string, MatrixSlice>();
  const asking = new Map<string, AbortController>();
  const arrived = signal(0);
  const failure = signal<ErrorReport | undefined>(undefined);
  let wanted: { key: string; query: MatrixQuery }[] = [];
  let bytes = 0;
  const keyOf = (base: Base, { window: w, tokensPerCell, withVisibility }: Part) =>
    `${base.key} ${w.queryStart} ${w.queryEnd} ${w.keyStart} ${w.keyEnd} ${tokensPerCell} ${withVisibility}`;

  function fill(): void {
    while (asking.size < mostAtOnce && wanted.length > 0) {
      const { key, query } = wanted.shift()!;
      const controller = new AbortController();
      asking.set(key, controller);
      ask(query, controller.signal).then(
        (slice) => {
          if (controller.signal.aborted) return;
          asking.delete(key);
          keep(key, slice);
          failure.value = undefined;
          arrived.value++;
          fill();
        },
        (error: unknown) => {
          if (controller.signal.aborted) return;
          asking.delete(key);
          if (!isCancelled(error)) failure.value = toReport(error);
          fill();
        },
      );
    }
  }

  function keep(key: string, slice: MatrixSlice): void {
    kept.set(key, slice);
    bytes += sizeOf(slice);
    for (const [old, slice] of kept) {
      if (bytes <= byteBudget || old === key) break;
      kept.delete(old);
      bytes -= sizeOf(slice);
    }
  }

  return {
    arrived,
    failure,
    get(base, part) {
      const key = keyOf(base, part);
      const found = kept.get(key);
      if (!found) return undefined;
      kept.delete(key);
      kept.set(key, found);
      return found;
    },
    want(base, parts) {
      const keys = new Map(parts.map((part) => [keyOf(base, part), part]));
      for (const [key, controller] of asking) {
        if (keys.has(key)) continue;
        controller.abort();
        asking.delete(key);
      }
      wanted = [...keys]
        .filter(([key]) => !kept.has(key) && !asking.has(key))
        .map(([key, part]) => ({ key, query: { ...base.query, ...part } }));
      fill();
    },
    stop() {
      wanted = [];
      for (const controller of asking.values()) controller.abort();
      asking.clear();
    },
  };
}

function sizeOf({ data, visible }: MatrixSlice): number {
  return data.byteLength + (visible?.byteLength ?? 0);
}
