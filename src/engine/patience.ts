import type { StubbornTask } from "../protocol/engineContract";

/** Ticks are counted, not the clock read: a machine that slept, or a busy host, is no worker that hangs. */
const TICK_MS = 1_000;

/** After the task's own limit: where the worker can stop the task itself, it stays alive. */
const GRACE_TICKS = 5;

/** Waits for the end of one task after the other; `onExceeded` is called once for one that takes too long. */
export class Patience {
  private timer: unknown;

  constructor(
    private readonly onExceeded: (task: StubbornTask) => void,
    private readonly tickMs = TICK_MS,
  ) {}

  /** A task begins, or with null the last one is over. */
  follow(task: StubbornTask | null): void {
    clearTimeout(this.timer);
    if (!task) return;
    let ticks = Math.ceil(task.limitMs / TICK_MS) + GRACE_TICKS;
    const tick = () => {
      if (--ticks > 0) this.timer = setTimeout(tick, this.tickMs);
      else this.onExceeded(task);
    };
    this.timer = setTimeout(tick, this.tickMs);
  }
}
