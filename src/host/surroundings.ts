import type { InspectionState } from "./inspection";

/** A run that is over sooner changes nothing around the panel: each change makes the whole window work. */
const RUNNING_MS = 300;
/** Time for the panel to paint a new run, before the window is busy with decorations and menus. */
const PAINT_MS = 60;

/**
 * When what surrounds the panel (decorations, status bar, menus) follows its state: after the panel, so that the
 * picture comes first (measured: 35 of 300 ms at 256 tokens).
 */
export class Surroundings {
  #timer: unknown;
  #awaited: string | undefined;
  #shownRun: string | undefined;

  constructor(private readonly follow: () => void) {}

  stateChanged(state: InspectionState | undefined): void {
    const run = state?.status === "shown" ? state.run.runId : undefined;
    if (state?.status === "running") this.#after(RUNNING_MS, "running");
    else if (run && run !== this.#shownRun) this.#after(PAINT_MS, run);
    else this.#now();
    this.#shownRun = run ?? this.#shownRun;
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  /** What is already waited for is not put off. */
  #after(delayMs: number, what: string): void {
    if (this.#awaited === what) return;
    clearTimeout(this.#timer);
    this.#awaited = what;
    this.#timer = setTimeout(() => this.#now(), delayMs);
  }

  #now(): void {
    clearTimeout(this.#timer);
    this.#awaited = undefined;
    this.follow();
  }
}
