/** A worker that swelled is replaced after so long without a call. */
const IDLE_MS = 3_000;

/** Tells when a worker whose heap has swelled can be replaced: when nothing was asked of it for a while. */
export class Renewal {
  private isDue = false;
  private nOpen = 0;
  private timer: unknown;

  constructor(
    private readonly renew: () => void,
    private readonly idleMs = IDLE_MS,
  ) {}

  /** The worker's heap is far larger than what it keeps. */
  swelled(): void {
    this.isDue = true;
    this.wait();
  }

  /** Counts a call from its beginning to its answer. */
  async during<T>(call: () => Promise<T>): Promise<T> {
    this.nOpen++;
    clearTimeout(this.timer);
    try {
      return await call();
    } finally {
      this.nOpen--;
      this.wait();
    }
  }

  /** Another worker is there, or none. */
  reset(): void {
    this.isDue = false;
    clearTimeout(this.timer);
  }

  private wait(): void {
    clearTimeout(this.timer);
    if (!this.isDue || this.nOpen > 0) return;
    this.timer = setTimeout(() => {
      this.reset();
      this.renew();
    }, this.idleMs);
  }
}
