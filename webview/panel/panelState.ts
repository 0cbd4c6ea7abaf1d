import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals-core";
import { perHeadMeasure } from "../../src/core/measures/measure";
import type { ProbeReport } from "../../src/core/probe/probe";
import type { HeadAddress, HeadChoice } from "../../src/core/run";
import { watchColours, type Colours } from "../parts/colours";
import type { ComparedMeasure, Comparison, SimilarHead } from "../../src/protocol/comparison";
import type { PanelContract, Pins, PinSlot } from "../../src/protocol/panelContract";
import type { HeadStatistics } from "../../src/protocol/slices";
import type { Host } from "../host";
import { createInspector, type Inspector } from "../state/inspector";
import { load, type Loaded } from "../state/load";
import { plainArrangement } from "../state/persisted";
import type { Theme } from "../theme";
import { t } from "../words";
import { loadOverview, type OverviewData } from "../views/heads/overviewData";
import { headName } from "./headName";
import { arrangeHeads, type ListedHead } from "./arrangeHeads";

/** Cells on a side of the small matrices: more than a side bar has pixels for is pooled. */
const mostCells = 192;

/** What the side panel shows and how it is changed. */
export interface Panel {
  readonly inspector: Inspector;
  readonly colours: ReadonlySignal<Colours>;
  readonly overview: OverviewData;
  readonly statistics: ReadonlySignal<readonly HeadStatistics[] | undefined>;
  /** What the statistics are of: the shown text, or the probe of its model. */
  readonly source: Signal<"text" | "probe">;
  readonly probed: ReadonlySignal<Loaded<{ readonly report?: ProbeReport }>>;
  /** Probes the model now. */
  probe(): void;
  /** A model was probed elsewhere. */
  probedAgain(): void;
  showCard(): void;
  /** "place", or the statistic by which heads are ordered, largest first. */
  readonly sort: Signal<string>;
  readonly filter: Signal<string>;
  /** The head whose likes are looked for. */
  readonly like: Signal<HeadAddress | undefined>;
  readonly similar: ReadonlySignal<Loaded<readonly SimilarHead[]>>;
  readonly heads: ReadonlySignal<readonly ListedHead[]>;
  /** As the host says. */
  readonly pins: Signal<Pins>;
  /** Whether the heads of two runs are chosen together. */
  readonly sameHead: Signal<boolean>;
  readonly comparison: ReadonlySignal<Loaded<Comparison>>;
  /** The cell of the compared pictures that is pointed at. */
  readonly cell: Signal<{ readonly row: number; readonly column: number } | undefined>;
  readonly said: Signal<string>;
  /** Opens the head in the inspector, with a query where one is given. */
  open(choice: HeadChoice, query?: number): void;
  pin(slot: PinSlot, choice: HeadChoice | undefined): void;
  swap(): void;
  /** Another head of a pinned run; of both, where they are of two runs and `sameHead` is on. */
  choosePin(slot: PinSlot, choice: HeadChoice): void;
  /** Runs a pin again, or only the part of its text that fits. */
  runPin(slot: PinSlot, part?: boolean): void;
  reset(): void;
}

/** Scores have no shares, and flow takes too long for a side panel: those compare weights. */
function comparedMeasure({ selection }: Inspector): ComparedMeasure {
  const { measure } = selection.value;
  return measure === "scores" || measure === "flow" ? "weights" : measure;
}

export function createPanel(host: Host<PanelContract>, theme: ReadonlySignal<Theme>): Panel {
  const kept = host.getState() as { source?: unknown; sort?: unknown; filter?: unknown } | undefined;
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
    const query = {
      runId,
      block: block.value.kind,
      measure: perHeadMeasure(inspector.selection.value.measure),
    };
    return { key: JSON.stringify(query), ask: (signal) => host.remote.statistics(query, { signal }) };
  });
  const { state: similar } = load<readonly SimilarHead[]>(() => {
    const runId = run.value?.runId;
    const address = like.value;
    if (!runId || !address || address.block !== block.value?.kind) return undefined;
    const query = { runId, address, measure: perHeadMeasure(inspector.selection.value.measure) };
    return { key: JSON.stringify(query), ask: (signal) => host.remote.similarHeads(query, { signal }) };
  });
  const { state: comparison } = load<Comparison>(() => {
    const { a, b } = pins.value;
    if (!a?.runId || !a.choice || !b?.runId || !b.choice) return undefined;
    const other = { runId: b.runId, choice: b.choice };
    const query = {
      runId: a.runId,
      choice: a.choice,
      other,
      size: mostCells,
      measure: comparedMeasure(inspector),
    };
    return { key: JSON.stringify(query), ask: (signal) => host.remote.compare(query, { signal }) };
  });
  const source = signal<"text" | "probe">(kept?.source === "probe" ? "probe" : "text");
  const nProbes = signal(0);
  const { state: probed } = load<{ readonly report?: ProbeReport }>(() => {
    const modelId = run.value?.model.id;
    if (!modelId || source.value === "text") return undefined;
    const key = `${modelId} ${nProbes.value}`;
    return { key, ask: async (signal) => ({ report: await host.remote.probed(undefined, { signal }) }) };
  }, 1);
  const known = computed(() => {
    if (source.value === "probe") {
      const { report } = probed.value.value ?? {};
      return report?.heads.filter(({ address }) => address.block === block.value?.kind);
    }
    const { value } = statistics.value;
    return value?.[0]?.address.block === block.value?.kind ? value : undefined;
  });
  const sameHead = signal(true);
  // The host reports its own failures.
  const tell = (promise: Promise<unknown>) => void promise.catch(() => undefined);

  return {
    inspector,
    colours: watchColours(inspector),
    overview: loadOverview(inspector, { ofHeads: true }),
    statistics: known,
    source,
    probed,
    probe() {
      tell(host.remote.probe().then(() => nProbes.value++));
    },
    probedAgain: () => void nProbes.value++,
    showCard: () => tell(host.remote.showCard()),
    sort,
    filter,
    like,
    similar,
    heads: computed(() =>
      arrangeHeads(block.value, known.value, sort.value, filter.value, like.value && similar.value.value),
    ),
    pins,
    sameHead,
    comparison,
    cell: signal(undefined),
    said,
    open(choice, query) {
      inspector.select({ choice, view: "head", ...(query !== undefined && { query }) });
      tell(host.remote.select(inspector.selection.peek()));
    },
    pin(slot, choice) {
      if (choice) said.value = t("{0} is {1}", headName(choice), slot.toUpperCase());
      tell(host.remote.pin({ slot, ...(choice && { choice }) }));
    },
    choosePin(slot, choice) {
      const other = slot === "a" ? "b" : "a";
      const { [slot]: own, [other]: partner } = pins.peek();
      tell(host.remote.choosePin({ slot, choice }));
      const areTwo = partner?.runId !== undefined && own?.runId !== partner.runId;
      if (sameHead.peek() && areTwo) tell(host.remote.choosePin({ slot: other, choice }));
    },
    runPin(slot, part) {
      tell(host.remote.runPin({ slot, ...(part && { part }) }));
    },
    swap() {
      tell(host.remote.swapPins());
    },
    reset() {
      like.value = undefined;
    },
  };
}
