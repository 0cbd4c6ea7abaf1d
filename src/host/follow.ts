import type { CharOffset } from "../core/token";

/** What follow mode sees of the editor at one moment. */
export interface FollowView {
  readonly uri: string;
  readonly selection: { readonly start: CharOffset; readonly end: CharOffset; readonly cursor: CharOffset };
  /** What is inspected now (shown or running); absent at first. */
  readonly inspected?: {
    readonly uri?: string;
    readonly start: CharOffset;
    readonly end: CharOffset;
    readonly stale: boolean;
  };
}

/**
 * What has to be inspected anew: a new selection; the same range when its text changed; the paragraph when the cursor
 * went elsewhere; nothing while the cursor only moves inside what is inspected.
 */
export function followStep({ uri, selection, inspected }: FollowView): "select" | "again" | "nothing" {
  const isHere = inspected?.uri === uri;
  if (selection.end > selection.start) {
    const isSame = isHere && inspected.start === selection.start && inspected.end === selection.end;
    if (!isSame) return "select";
    return inspected.stale ? "again" : "nothing";
  }
  const isInside = isHere && inspected.start <= selection.cursor && selection.cursor <= inspected.end;
  if (!isInside) return "select";
  return inspected.stale ? "again" : "nothing";
}

/** Calls `run` once things have been quiet for `delayMs`; what was waiting is dropped. */
export class Debounce {
  #timer: unknown;

  constructor(
    private readonly delayMs: number,
    private readonly run: () => void,
  ) {}

  trigger(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.run, this.delayMs);
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}

/** What following has cost since it was turned on. */
export class FollowCost {
  nRuns = 0;
  totalMs = 0;

  add(durationMs: number): void {
    this.nRuns++;
    this.totalMs += durationMs;
  }

  get meanMs(): number {
    return this.nRuns === 0 ? 0 : this.totalMs / this.nRuns;
  }
}
