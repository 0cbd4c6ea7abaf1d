import { toReport } from "../core/errors";
import { findBlock, meanOfAll, type HeadChoice } from "../core/run";
import type { Engine } from "../engine/engine";
import type { CompareQuery, Comparison } from "../protocol/comparison";
import type { Pin, Pins, PinSlot } from "../protocol/panelContract";
import type { DocumentText } from "./documentText";
import { outOfMemory } from "./errors";
import { fitSelection } from "./headSelection";
import { Inspection, type InspectionRequest, type ShownState } from "./inspection";
import type { RunHolds } from "./runHolds";
import type { Edit } from "./trackRange";

/** Characters of a text that its label shows; the page cuts it to its width. */
const LABEL_CHARACTERS = 120;

export const slots = ["a", "b"] as const satisfies readonly PinSlot[];

/** What a slot holds: an inspection of its own, so that what it came from may go on to another text or model. */
interface Pinned {
  readonly inspection: Inspection;
  /** The mean of all heads when absent. */
  readonly choice?: HeadChoice;
}

/** A and B, as whoever pinned them last said. A pin keeps its run in memory until it is cleared or replaced. */
export class ComparedPins {
  #pinned: Partial<Record<PinSlot, Pinned>> = {};
  readonly #listeners = new Set<() => void>();

  constructor(
    private readonly engine: Engine,
    private readonly holds: RunHolds,
  ) {}

  onDidChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get current(): Pins {
    const [a, b] = slots.map((slot) => pinOf(this.#pinned[slot]));
    return { ...(a && { a }), ...(b && { b }) };
  }

  /** What was asked for, to be asked again. */
  requestOf(slot: PinSlot): InspectionRequest | undefined {
    const state = this.#pinned[slot]?.inspection.state;
    return state && state.status !== "empty" ? state.request : undefined;
  }

  /** The pinned run of this id, with its place in its document. */
  shown(runId: string): ShownState | undefined {
    return slots
      .map((slot) => this.#pinned[slot]?.inspection.shown)
      .find((each) => each?.run.runId === runId);
  }

  /** Pins what an inspection shows now, or how it failed; without an inspection the slot is emptied. */
  pin(slot: PinSlot, inspection: Inspection | undefined, choice: HeadChoice | undefined): void {
    const state = inspection?.state.status;
    const isSomething = state === "shown" || state === "failed";
    this.#put(slot, inspection && isSomething ? { inspection: inspection.fork(), choice } : undefined);
  }

  /** Another head of the same run. */
  choose(slot: PinSlot, choice: HeadChoice): void {
    const pinned = this.#pinned[slot];
    if (!pinned) return;
    this.#pinned = { ...this.#pinned, [slot]: { ...pinned, choice } };
    this.#tell();
  }

  /** Runs something in the slot; what was pinned there gives way to it at once. A failure is the pin's state. */
  async run(slot: PinSlot, request: InspectionRequest): Promise<void> {
    const { choice } = this.#pinned[slot] ?? {};
    const inspection = new Inspection(this.engine, this.holds);
    const running = inspection.start(request);
    this.#put(slot, { inspection, choice });
    await running;
  }

  swap(): void {
    const { a, b } = this.#pinned;
    this.#pinned = { a: b, b: a };
    this.#tell();
  }

  clear(): void {
    for (const slot of slots) if (this.#pinned[slot]) this.#put(slot, undefined);
  }

  cancel(): void {
    for (const slot of slots) this.#pinned[slot]?.inspection.cancel();
  }

  documentChanged(document: DocumentText, edits: readonly Edit[]): void {
    for (const slot of slots) this.#pinned[slot]?.inspection.documentChanged(document, edits);
  }

  /** Compares; where the engine has lost a side, that side is run again and the pins change. */
  async compare(query: CompareQuery, signal?: AbortSignal): Promise<Comparison> {
    try {
      return await this.engine.compare(query, { signal });
    } catch (error) {
      const report = toReport(error);
      const lost =
        report.code === "worker-died"
          ? [query.runId, query.other.runId]
          : report.code === "unknown-run"
            ? [query.runId, query.other.runId].filter((runId) => report.detail?.includes(runId))
            : [];
      for (const runId of new Set(lost)) {
        for (const slot of slots) this.#pinned[slot]?.inspection.lost(runId, report);
      }
      throw error;
    }
  }

  #put(slot: PinSlot, pinned: Pinned | undefined): void {
    const before = this.#pinned[slot];
    this.#pinned = { ...this.#pinned, [slot]: pinned };
    before?.inspection.dispose();
    pinned?.inspection.onDidChange((state) => {
      // Cancelled before it had a run.
      if (state.status === "empty" && this.#pinned[slot] === pinned) this.#put(slot, undefined);
      else this.#tell();
    });
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function pinOf(pinned: Pinned | undefined): Pin | undefined {
  const state = pinned?.inspection.state;
  if (!pinned || !state || state.status === "empty") return undefined;
  const { request, stale } = state;
  const label = { model: request.model.name, text: request.text.slice(0, LABEL_CHARACTERS), stale };
  if (state.status !== "shown") {
    const error = state.status === "failed" ? { error: outOfMemory(state.error) } : {};
    return { ...label, ...(pinned.choice && { choice: pinned.choice }), layers: [], ...error };
  }
  const { run } = state;
  const wanted = pinned.choice ?? meanOfAll(run);
  if (!wanted) return { ...label, layers: [] };
  const { choice } = fitSelection(run, { view: "head", measure: "weights", choice: wanted });
  const layers = (findBlock(run, choice.block)?.layers ?? [])
    .filter(({ has }) => has.includes("weights"))
    .map(({ layer, nHeads }) => ({ layer, nHeads }));
  return { ...label, runId: run.runId, choice, layers };
}
