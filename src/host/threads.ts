import type { Memento } from "vscode";
import type { WorkerStarter } from "../engine/engine";
import { measureThreads, threadCounts, type ThreadMeasurement } from "../engine/measureThreads";
import type { ModelSource } from "../protocol/engineContract";
import type { Machine } from "./platform";

/** Long enough after an inspection for a person to look at it, and for the window to be idle. */
const REST_MS = 8_000;

/**
 * How many threads are best on this machine: measured once with the model at hand, while nothing is inspected, and
 * kept. Until then the engine's own rule holds; the setting, where it is not 0, holds above both.
 */
export class Threads {
  #timer: unknown;
  #controller: AbortController | undefined;

  constructor(
    private readonly kept: Memento,
    private readonly machine: Machine,
    private readonly starter: WorkerStarter,
    private readonly tell: {
      measured(measurement: ThreadMeasurement): void;
      failed(error: unknown): void;
    },
  ) {}

  /** 0 where nothing was measured. */
  get best(): number {
    const value = this.kept.get<unknown>(this.#key);
    const { nCores } = this.machine;
    return typeof value === "number" && Number.isInteger(value) && value > 0 && value <= nCores ? value : 0;
  }

  /** An inspection was shown: after a rest the machine is measured, if it was not yet. */
  rest(model: ModelSource): void {
    this.busy();
    if (this.best > 0 || this.machine.nCores < 2) return;
    this.#timer = setTimeout(() => void this.#measure(model), REST_MS);
  }

  /** An inspection begins: a measurement would take its time, and be wrong. */
  busy(): void {
    clearTimeout(this.#timer);
    this.#controller?.abort();
    this.#controller = undefined;
  }

  dispose(): void {
    this.busy();
  }

  async #measure(model: ModelSource): Promise<void> {
    const controller = (this.#controller = new AbortController());
    try {
      const counts = threadCounts(this.machine.nCores);
      const measurement = await measureThreads(this.starter, model, counts, controller.signal);
      await this.kept.update(this.#key, measurement.best);
      this.tell.measured(measurement);
    } catch (error) {
      if (!controller.signal.aborted) this.tell.failed(error);
    }
  }

  get #key(): string {
    return `threads ${this.machine.name}`;
  }
}
