import type { HeadlightError } from "../core/errors";
import type { Engine } from "../engine/engine";

/** Who still needs a run: an inspection that shows it, pins that compare it. The engine frees it with the last one. */
export class RunHolds {
  readonly #counts = new Map<string, number>();

  constructor(private readonly engine: Engine) {}

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  take(runId: string): void {
    this.#counts.set(runId, (this.#counts.get(runId) ?? 0) + 1);
  }

  /** A run that nobody took is freed at once. */
  free(runId: string): void {
    const left = (this.#counts.get(runId) ?? 1) - 1;
    if (left > 0) {
      this.#counts.set(runId, left);
      return;
    }
    this.#counts.delete(runId);
    // A worker that is gone has freed everything already.
    this.engine.release({ runId }).catch((_: HeadlightError) => undefined);
  }
}
