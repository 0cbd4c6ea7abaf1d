import type { HeadChoice } from "../core/run";
import type { Pin, Pins, PinSlot } from "../protocol/panelContract";
import { fitSelection } from "./headSelection";
import type { Session } from "./session";

interface Pinned {
  readonly session: Session;
  readonly choice: HeadChoice;
}

/** A and B, as whoever pinned them last said. A pin follows its inspection from run to run. */
export class ComparedPins {
  #pinned: Partial<Record<PinSlot, Pinned>> = {};
  readonly #listeners = new Set<() => void>();

  onDidChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What can be compared now: nothing of an inspection that shows no run. */
  get current(): Pins {
    const [a, b] = [pinOf(this.#pinned.a), pinOf(this.#pinned.b)];
    return { ...(a && { a }), ...(b && { b }) };
  }

  sessionOf(slot: PinSlot): Session | undefined {
    return this.#pinned[slot]?.session;
  }

  pin(slot: PinSlot, session: Session | undefined, choice: HeadChoice | undefined): void {
    this.#pinned = { ...this.#pinned, [slot]: session && choice && { session, choice } };
    this.#tell();
  }

  swap(): void {
    const { a, b } = this.#pinned;
    this.#pinned = { a: b, b: a };
    this.#tell();
  }

  /** An inspection was closed. */
  forget(session: Session): void {
    for (const slot of ["a", "b"] as const) {
      if (this.#pinned[slot]?.session === session) this.pin(slot, undefined, undefined);
    }
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function pinOf(pinned: Pinned | undefined): Pin | undefined {
  const run = pinned?.session.inspection.shown?.run;
  if (!pinned || !run) return undefined;
  const { choice } = fitSelection(run, { view: "head", measure: "weights", choice: pinned.choice });
  return { runId: run.runId, choice };
}
