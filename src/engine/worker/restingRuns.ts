import type { InspectRequest } from "../../protocol/engineContract";
import { byteLengthOf, type StoredRun } from "../../store/storedRun";

/** Bytes of released runs that are kept; a run that is larger rests nowhere. 128 MB are 16 runs of 4 x 8 heads, 256 tokens. */
const REST_BYTES = 128e6;

/** Runs that were released and may be asked for again: the same text of the same model needs no second pass. */
export class RestingRuns {
  /** In the order in which they came to rest. */
  private readonly runs = new Map<string, StoredRun>();

  /** Equal for requests with the same answer; undefined where a run is too large to rest, or its request too large to compare. */
  static keyOf(request: InspectRequest, run?: StoredRun): string | undefined {
    const { model, text, ids, targetText, targetIds, capture, tokenLimit, inputs, generate } = request;
    if (inputs || generate || (run && byteLengthOf(run) > REST_BYTES)) return undefined;
    return JSON.stringify([model, text, ids, targetText, targetIds, capture, tokenLimit]);
  }

  rest(key: string, run: StoredRun): void {
    this.runs.delete(key);
    this.runs.set(key, run);
    let bytes = 0;
    for (const [each, resting] of [...this.runs].reverse()) {
      bytes += byteLengthOf(resting);
      if (bytes > REST_BYTES) this.runs.delete(each);
    }
  }

  /** The run, which rests no longer. */
  take(key: string): StoredRun | undefined {
    const run = this.runs.get(key);
    this.runs.delete(key);
    return run;
  }

  clear(): void {
    this.runs.clear();
  }
}

/** The same tensors as a run of its own, which took no time but to find it. */
export function reused(run: StoredRun, runId: string, totalMs: number): StoredRun {
  const durations = { loadMs: 0, tokenizeMs: 0, runMs: 0, totalMs };
  return { ...run, summary: { ...run.summary, runId, durations, isReused: true } };
}
