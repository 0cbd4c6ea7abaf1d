import type { ModelSource } from "../protocol/engineContract";
import type { WorkerStarter } from "./engine";
import { createEngine } from "./handle";

/** What a machine gave: milliseconds of one forward pass by the number of threads, and the number that is best. */
export interface ThreadMeasurement {
  readonly runMs: Readonly<Record<number, number>>;
  readonly best: number;
}

const TOKENS = 128;
const REPETITIONS = 4;
/** A number of threads that gains less than this over a smaller one is not worth its processors. */
const WORTHWHILE = 0.95;

/** 1, 2, 4 … up to the processors there are, and their own number; beyond 8 nothing was ever gained. */
export function threadCounts(nCores: number): number[] {
  const most = Math.min(nCores, 8);
  const powers = [1, 2, 4, 8].filter((count) => count <= most);
  return powers.includes(most) ? powers : [...powers, most];
}

/**
 * Runs the model with each number of threads, each in a worker of its own (the runtime takes the number once), and
 * takes the best time of each, so that a moment's other load does not decide.
 */
export async function measureThreads(
  starter: WorkerStarter,
  model: ModelSource,
  counts: readonly number[],
  signal?: AbortSignal,
): Promise<ThreadMeasurement> {
  const runMs: Record<number, number> = {};
  for (const threads of counts) {
    const engine = createEngine(starter, { threads, byteBudget: 2 ** 28 });
    try {
      const { context = TOKENS, vocab = TOKENS, kind } = (await engine.load({ model }, { signal })).model;
      const ids = Array.from({ length: Math.min(TOKENS, context) }, (_, i) => (i % (vocab - 1)) + 1);
      const request = { model, ids, ...(kind === "encoder-decoder" && { targetIds: ids.slice(0, 8) }) };
      const times: number[] = [];
      for (let repetition = 0; repetition <= REPETITIONS; repetition++) {
        const run = await engine.inspect(request, { signal });
        await engine.release({ runId: run.runId });
        // The first one warms the code.
        if (repetition > 0) times.push(run.durations.runMs);
      }
      runMs[threads] = Math.min(...times);
    } finally {
      await engine.stop();
    }
  }
  return { runMs, best: bestOf(counts, runMs) };
}

function bestOf(counts: readonly number[], runMs: Readonly<Record<number, number>>): number {
  let best = counts[0] ?? 1;
  for (const count of counts) if (runMs[count]! < runMs[best]! * WORTHWHILE) best = count;
  return best;
}
