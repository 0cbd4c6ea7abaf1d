import type { EngineEvents, StubbornTask } from "../../protocol/engineContract";
import type { Tokenizer } from "../../tokenizer/tokenizer";

/** Runs what nothing inside can stop (the expressions of a tokenizer), for a limited time; throws tokenizerTooSlow. */
export type Bounded = <T>(task: StubbornTask, run: () => T) => T;

/** Tells the host when such a task begins and ends, so that it can end the worker. */
export function announced(bounded: Bounded = (_, run) => run(), emit: EngineEvents): Bounded {
  return (task, run) => {
    emit.stubborn(task);
    try {
      return bounded(task, run);
    } finally {
      emit.stubborn(null);
    }
  };
}

/** The same tokenizer, limited in time where it matches expressions. */
export function boundedTokenizer(tokenizer: Tokenizer, model: string, bounded: Bounded): Tokenizer {
  return {
    ...tokenizer,
    encode: (text, options) =>
      bounded({ model, limitMs: LEAST_MS + text.length * MS_PER_UNIT }, () =>
        tokenizer.encode(text, options),
      ),
    decode: (ids) =>
      bounded({ model, limitMs: LEAST_MS + ids.length * MS_PER_UNIT }, () => tokenizer.decode(ids)),
  };
}

/** For reading a tokenizer's file. The largest known (256,000 entries) take 1 s on a slow machine. */
export const OPEN_MS = 60_000;

/** 100 KB of text take 0.2 to 0.8 s (2 to 8 µs a unit): a machine may be ten times slower. */
const LEAST_MS = 20_000;
const MS_PER_UNIT = 0.1;
