import { unknownRun } from "../core/errors";
import { byteLengthOf, type StoredRun } from "./storedRun";

/** Runs up to a budget of bytes; the oldest go first, the newest never goes. */
export class RunStore {
  /** In the order in which they came. */
  private readonly runs = new Map<string, StoredRun>();

  constructor(private byteBudget: number) {}

  setBudget(byteBudget: number): void {
    this.byteBudget = byteBudget;
    this.evict();
  }

  add(run: StoredRun): void {
    this.runs.set(run.summary.runId, run);
    this.evict();
  }

  /** Throws unknownRun where it was evicted, released, or never here. */
  get(runId: string): StoredRun {
    const run = this.runs.get(runId);
    if (!run) throw unknownRun(runId);
    return run;
  }

  /** All runs in the order in which they came; the store is empty after it. */
  takeAll(): StoredRun[] {
    const all = [...this.runs.values()];
    this.runs.clear();
    return all;
  }

  release(runId: string): void {
    this.runs.delete(runId);
  }

  find(satisfies: (run: StoredRun) => boolean): StoredRun | undefined {
    return [...this.runs.values()].find(satisfies);
  }

  get byteLength(): number {
    let bytes = 0;
    for (const run of this.runs.values()) bytes += byteLengthOf(run);
    return bytes;
  }

  /** To be called when a run has grown. */
  evict(): void {
    let bytes = this.byteLength;
    for (const [runId, run] of [...this.runs].slice(0, -1)) {
      if (bytes <= this.byteBudget) return;
      bytes -= byteLengthOf(run);
      this.runs.delete(runId);
    }
  }
}
