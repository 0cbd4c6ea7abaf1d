import { computed, type ReadonlySignal } from "@preact/signals-core";
import { isPlain, layOutTokens, type TokenGroup, type TokenLayout } from "../../../src/core/tokenLayout";
import { groupLabel } from "../../../src/paint/tokenText";
import { load } from "../../state/load";
import type { Side } from "../../state/inspector";
import type { ViewContext } from "../view";

/** The rows or the columns of a head as they are shown. */
export interface ShownAxis {
  readonly groups: readonly TokenGroup[];
  readonly labels: readonly string[];
  /** Where a token stands; -1 where it is not shown. */
  placeOf(token: number): number;
}

export interface ShownTokens {
  readonly rows: ReadonlySignal<ShownAxis>;
  readonly columns: ReadonlySignal<ShownAxis>;
  /** The layout that rows and columns follow; absent where they are the tokens themselves. */
  readonly layout: ReadonlySignal<TokenLayout | undefined>;
  /** Whether rows and columns belong to the chosen head, and not to the one before it. */
  readonly isSettled: ReadonlySignal<boolean>;
  stop(): void;
}

/** Lays the tokens out as the page is arranged. While the weights by which they are sorted are on their way, the old order stays. */
export function layOutHead({ inspector }: ViewContext): ShownTokens {
  const { run, selection, arrangement, queries, keys, layer, host } = inspector;
  const wanted = computed(() => {
    const { tokens } = arrangement.value;
    return isPlain(tokens) ? undefined : tokens;
  });
  const sums = load(() => {
    const runId = run.value?.runId;
    if (!runId || wanted.value?.order !== "received" || !layer.value?.has.includes("weights"))
      return undefined;
    const query = { runId, choice: selection.value.choice, measure: "weights" as const };
    return {
      key: JSON.stringify(query),
      ask: async (signal) => (await host.remote.marginals(query, { signal })).columnSums,
    };
  });
  const received = computed(() => sums.state.value.value);
  const layout = computed((): TokenLayout | undefined => {
    const asked = wanted.value;
    return asked?.order === "received" && !received.value ? { ...asked, order: "place" } : asked;
  });
  const isSelf = computed(() => queries.value.side === keys.value.side);
  const axis = (side: ReadonlySignal<Side>, name: "queries" | "keys") => {
    const groups = computed(() => {
      const { tokens } = side.value;
      const followed = layout.value;
      if (!followed) return undefined;
      return layOutTokens(
        tokens,
        followed,
        name,
        isSelf.value || name === "keys" ? received.value : undefined,
      );
    });
    return computed(() => shownAxis(side.value, groups.value));
  };
  return {
    rows: axis(queries, "queries"),
    columns: axis(keys, "keys"),
    layout,
    isSettled: computed(() => !sums.state.value.pending),
    stop: sums.stop,
  };
}

function shownAxis({ tokens, labels }: Side, groups: readonly TokenGroup[] | undefined): ShownAxis {
  if (!groups) {
    return { groups: tokens.map((_, index) => [index]), labels, placeOf: (token) => token };
  }
  const places = new Int32Array(tokens.length).fill(-1);
  groups.forEach((group, place) => group.forEach((token) => (places[token] = place)));
  return {
    groups,
    labels: groups.map((group) =>
      group.length === 1 ? (labels[group[0]!] ?? "") : groupLabel(tokens, group),
    ),
    placeOf: (token) => places[token] ?? -1,
  };
}

/** What is shown of the tokens, in words; empty where it is all of them in their order. */
export function layoutText(
  layout: TokenLayout | undefined,
  shown: { readonly nRows: number; readonly nColumns: number },
  all: { readonly nRows: number; readonly nColumns: number },
): string {
  if (!layout) return "";
  const { hidesSpecial, byWord, order, filter, filters } = layout;
  const text = filter.trim();
  const side = filters === "both" ? "queries and keys" : filters;
  const parts = [
    ...(hidesSpecial ? ["special tokens hidden"] : []),
    ...(byWord ? ["grouped by word (weights: sum over keys, mean over queries)"] : []),
    ...(order === "received" ? ["sorted by weight received"] : []),
    ...(text ? [`${side} with “${text}”`] : []),
    `${shown.nRows} × ${shown.nColumns} of ${all.nRows} × ${all.nColumns} tokens`,
  ];
  return parts.join(" · ");
}
