import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals-core";
import {
  findBlock,
  tokensOf,
  type BlockOfRun,
  type HeadChoice,
  type LayerOfRun,
  type RunSummary,
} from "../../src/core/run";
import type { Token } from "../../src/core/token";
import { tokenLabels } from "../../src/paint/tokenText";
import type {
  DocumentRange,
  InspectorContent,
  InspectorSelection,
  ViewName,
  ViewSettings,
} from "../../src/protocol/viewContract";
import type { Host } from "../host";
import type { Theme } from "../theme";
import { fitSelection, type Arrangement } from "./persisted";

/** What is under the pointer, or where the keyboard is. */
export type Pointed =
  | {
      readonly kind: "cell";
      readonly query: number;
      readonly key: number;
      /** All tokens of the row and of the column where they are words of several; `query` and `key` are the first. */
      readonly queries?: readonly number[];
      readonly keys?: readonly number[];
    }
  | {
      readonly kind: "token";
      readonly axis: "query" | "key";
      readonly index: number;
      /** All tokens of a word of several; `index` is the first. */
      readonly tokens?: readonly number[];
    }
  | { readonly kind: "head"; readonly layer: number; readonly head: number | "mean" };

/** One side of the chosen block: its tokens and their labels. */
export interface Side {
  readonly side: "source" | "target";
  readonly tokens: readonly Token[];
  readonly labels: readonly string[];
}

/** Everything that the page shows and how it is changed. Views read signals and call methods; nothing else is shared. */
export interface Inspector {
  readonly host: Host;
  readonly theme: ReadonlySignal<Theme>;
  readonly settings: Signal<ViewSettings>;
  /** What the host said last. */
  readonly content: Signal<InspectorContent>;
  /** The last run that was shown; stays while another is running or has failed. */
  readonly run: ReadonlySignal<RunSummary | undefined>;
  readonly document: ReadonlySignal<DocumentRange | undefined>;
  readonly selection: ReadonlySignal<InspectorSelection>;
  readonly arrangement: Signal<Arrangement>;
  readonly pointed: Signal<Pointed | undefined>;
  readonly block: ReadonlySignal<BlockOfRun | undefined>;
  /** The chosen layer; the first one where all are chosen. */
  readonly layer: ReadonlySignal<LayerOfRun | undefined>;
  readonly source: ReadonlySignal<Side>;
  /** Empty but for encoder-decoders. */
  readonly target: ReadonlySignal<Side>;
  readonly queries: ReadonlySignal<Side>;
  readonly keys: ReadonlySignal<Side>;
  /** The query whose row is shown: under the pointer, else pinned. */
  readonly activeQuery: ReadonlySignal<number | undefined>;
  /** All queries whose mean row is shown: the word under the pointer, else all pinned; `activeQuery` is one of them. */
  readonly activeQueries: ReadonlySignal<readonly number[]>;
  receive(content: InspectorContent): void;
  select(change: Partial<InspectorSelection>): void;
  choose(change: Partial<HeadChoice>): void;
  showView(view: ViewName): void;
  /** Next or previous layer or head that there is; from "all" or "mean" to the first. */
  step(what: "layer" | "head", by: 1 | -1): void;
  pin(query: number | undefined): void;
  /** Pins several queries; `anchor` is the one from which a range is extended. */
  pinAll(queries: readonly number[], anchor?: number): void;
}

export function createInspector(
  host: Host,
  theme: ReadonlySignal<Theme>,
  arrangement: Arrangement,
): Inspector {
  const content = signal<InspectorContent>({ status: "empty" });
  const run = signal<RunSummary | undefined>(undefined);
  const document = signal<DocumentRange | undefined>(undefined);
  const selection = signal<InspectorSelection>({
    view: "heads",
    choice: { block: "decoder", layer: 0, head: 0 },
    measure: "weights",
  });
  const pointed = signal<Pointed | undefined>(undefined);
  const kind = computed(() => selection.value.choice.block);
  const block = computed(() => run.value && findBlock(run.value, kind.value));
  const layer = computed(() => {
    const chosen = selection.value.choice.layer;
    return block.value?.layers.find((entry) => entry.layer === chosen) ?? block.value?.layers[0];
  });
  const sideOf = (side: "source" | "target"): Side => {
    const tokens = run.value ? tokensOf(run.value, side) : [];
    return { side, tokens, labels: tokenLabels(tokens) };
  };
  const source = computed(() => sideOf("source"));
  const target = computed(() => sideOf("target"));
  const pick = (side: "source" | "target" | undefined) => (side === "target" ? target.value : source.value);

  const activeQuery = computed(() => {
    const at = pointed.value;
    if (at?.kind === "cell") return at.query;
    if (at?.kind === "token" && at.axis === "query") return at.index;
    return selection.value.query;
  });

  const inspector: Inspector = {
    host,
    theme,
    settings: signal<ViewSettings>({ colourMap: "theme" }),
    content,
    run,
    document,
    selection,
    arrangement: signal(arrangement),
    pointed,
    block,
    layer,
    source,
    target,
    queries: computed(() => pick(block.value?.queries)),
    keys: computed(() => pick(block.value?.keys)),
    activeQuery,
    activeQueries: computed(() => {
      const at = pointed.value;
      const query = activeQuery.value;
      if (query === undefined) return [];
      if (at?.kind === "cell") return at.queries ?? [query];
      if (at?.kind === "token" && at.axis === "query") return at.tokens ?? [query];
      return selection.value.queries ?? [query];
    }),
    receive(next) {
      batch(() => {
        content.value = next;
        if (next.status !== "shown") return;
        if (next.run.runId !== run.peek()?.runId) pointed.value = undefined;
        run.value = next.run;
        document.value = next.document;
        selection.value = fitSelection(next.run, selection.peek());
      });
    },
    select(change) {
      const moved = "query" in change && !("queries" in change);
      const wanted = { ...selection.peek(), ...change, ...(moved && { queries: undefined }) };
      const fitted = run.peek() ? fitSelection(run.peek()!, wanted) : wanted;
      if (JSON.stringify(fitted) !== JSON.stringify(selection.peek())) selection.value = fitted;
    },
    choose(change) {
      const before = selection.peek();
      const choice = { ...before.choice, ...change };
      const isSame = choice.block === before.choice.block;
      inspector.select(isSame ? { choice } : { choice, query: undefined });
    },
    showView: (view) => inspector.select({ view }),
    step(what, by) {
      const { choice } = selection.peek();
      if (what === "head") {
        const next = typeof choice.head === "number" ? choice.head + by : 0;
        const nHeads = layer.peek()?.nHeads ?? 0;
        if (choice.layer !== "all" && next >= 0 && next < nHeads) inspector.choose({ head: next });
        return;
      }
      const layers = block.peek()?.layers ?? [];
      const at = layers.findIndex((entry) => entry.layer === choice.layer);
      const next = layers[at < 0 ? 0 : at + by];
      if (next) inspector.choose({ layer: next.layer });
    },
    pin: (query) => inspector.select({ query }),
    pinAll(queries, anchor) {
      const sorted = [...new Set(queries)].sort((a, b) => a - b);
      const query = anchor !== undefined && sorted.includes(anchor) ? anchor : sorted.at(-1);
      inspector.select({ query, queries: sorted.length > 1 ? sorted : undefined });
    },
  };
  return inspector;
}
