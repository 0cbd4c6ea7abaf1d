import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals-core";
import type { HeadAddress, HeadChoice } from "../../src/core/run";
import { choiceTitle } from "../parts/figureText";
import { watchColours, type Colours } from "../parts/colours";
import type { Comparison, SimilarHead } from "../../src/protocol/comparison";
import type { PanelContract, Pins, PinSlot } from "../../src/protocol/panelContract";
import type { HeadStatistics } from "../../src/protocol/slices";
import type { Host } from "../host";
import { createInspector, type Inspector } from "../state/inspector";
import { load, type Loaded } from "../state/load";
import { plainArrangement } from "../state/persisted";
import type { Theme } from "../theme";
import { loadOverview, type OverviewData } from "../views/heads/overviewData";
import { arrangeHeads, type ListedHead } from "./arrangeHeads";

/** Cells on a side of the small matrices: more than a side bar has pixels for is pooled. */
const mostCells = 192;

/** What the side panel shows and how it is changed. */
export interface Panel {
  readonly inspector: Inspector;
  readonly colours: ReadonlySignal<Colours>;
  readonly overview: OverviewData;
  readonly statistics: ReadonlySignal<readonly HeadStatistics[] | undefined>;
  /** "place", or the statistic by which heads are ordered, largest first. */
  readonly sort: Signal<string>;
  readonly filter: Signal<string>;
  /** The head whose likes are looked for. */
  readonly like: Signal<HeadAddress | undefined>;
  readonly similar: ReadonlySignal<Loaded<readonly SimilarHead[]>>;
  readonly heads: ReadonlySignal<readonly ListedHead[]>;
  readonly pins: Signal<Pins>;
  readonly comparison: ReadonlySignal<Loaded<Comparison>>;
  /** The cell of the compared pictures that is pointed at. */
  readonly cell: Signal<{ readonly row: number; readonly column: number } | undefined>;
  readonly said: Signal<string>;
  /** Opens the head in the inspector, with a query where one is given. */
  open(choice: HeadChoice, query?: number): void;
  pin(slot: PinSlot, choice: HeadChoice | undefined): void;
  swap(): void;
  reset(): void;
}

export function createPanel(host: Host<PanelContract>, theme: ReadonlySignal<Theme>): Panel {
  const kept = host.getState() as { sort?: unknown; filter?: unknown } | undefined;
  const inspector = createInspector(host, theme, plainArrangement);
  const { run, block } = inspector;
  const sort = signal(typeof kept?.sort === "string" ? kept.sort : "place");
  const filter = signal(typeof kept?.filter === "string" ? kept.filter : "");
  const like = signal<HeadAddress | undefined>(undefined);
  const pins = signal<Pins>({});
  const said = signal("");

  const { state: statistics } = load(() => {
    const runId = run.value?.runId;
    if (!runId || !block.value) return undefined;
    const query = { runId, block: block.value.kind };
    return { key: JSON.stringify(query), ask: (signal) => host.remote.statistics(query, { signal }) };
  });
  const { state: similar } = load<readonly SimilarHead[]>(() => {
    const runId = run.value?.runId;
    const address = like.value;
    if (!runId || !address || address.block !== block.value?.kind) return undefined;
    const query = { runId, address };
    return { key: JSON.stringify(query), ask: (signal) => host.remote.similarHeads(query, { signal }) };
  });
  const { state: comparison } = load<Comparison>(() => {
    const { a, b } = pins.value;
    if (!a || !b) return undefined;
    const query = { runId: a.runId, choice: a.choice, other: b, size: mostCells };
    return { key: JSON.stringify(query), ask: (signal) => host.remote.compare(query, { signal }) };
  });
  const known = computed(() => {
    const { value } = statistics.value;
    return value?.[0]?.address.block === block.value?.kind ? value : undefined;
  });
  // The page's own pins are shown at once; the host's answer is the same.
  const tell = (promise: Promise<unknown>) => void promise.catch(() => undefined);

  return {
    inspector,
    colours: watchColours(inspector),
    overview: loadOverview(inspector),
    statistics: known,
    sort,
    filter,
    like,
    similar,
    heads: computed(() =>
      arrangeHeads(block.value, known.value, sort.value, filter.value, like.value && similar.value.value),
    ),
    pins,
    comparison,
    cell: signal(undefined),
    said,
    open(choice, query) {
      inspector.select({ choice, view: "head", ...(query !== undefined && { query }) });
      tell(host.remote.select(inspector.selection.peek()));
    },
    pin(slot, choice) {
      const runId = run.peek()?.runId;
      if (!runId) return;
      pins.value = { ...pins.peek(), [slot]: choice && { runId, choice } };
      if (choice) said.value = `${choiceTitle(choice, 1)} is ${slot.toUpperCase()}`;
      tell(host.remote.pin({ slot, ...(choice && { choice }) }));
    },
    swap() {
      const { a, b } = pins.peek();
      pins.value = { ...(b && { a: b }), ...(a && { b: a }) };
      tell(host.remote.swapPins());
    },
    reset() {
      like.value = undefined;
      pins.value = {};
    },
  };
}
