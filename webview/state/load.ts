import { effect, signal, type ReadonlySignal } from "@preact/signals-core";
import { isCancelled, toReport, type ErrorReport } from "../../src/core/errors";

/** What an answer needs: a name that is equal for equal questions, and how to ask. */
export interface Question<T> {
  readonly key: string;
  ask(signal: AbortSignal): Promise<T>;
}

/** The last answer. While a newer one is on its way the old value stays, so that nothing jumps. */
export interface Loaded<T> {
  /** Of the value; differs from the question's key while the answer to that is on its way. */
  readonly key?: string;
  readonly value?: T;
  readonly pending: boolean;
  readonly error?: ErrorReport;
}

/**
 * Asks anew whenever the question changes, cancels what is superseded, and remembers the last `kept` answers.
 * With no question there is no value.
 */
export function load<T>(
  question: () => Question<T> | undefined,
  kept = 8,
): { readonly state: ReadonlySignal<Loaded<T>>; stop(): void } {
  const state = signal<Loaded<T>>({ pending: false });
  const answers = new Map<string, T>();
  let controller: AbortController | undefined;
  let asked: string | undefined;
  const stop = effect(() => {
    const next = question();
    if (next?.key === asked && asked !== undefined) return;
    controller?.abort();
    asked = next?.key;
    if (!next) {
      state.value = { pending: false };
      return;
    }
    const known = answers.get(next.key);
    if (known !== undefined) {
      state.value = { key: next.key, value: known, pending: false };
      return;
    }
    void receive(next, (controller = new AbortController()));
  });

  async function receive({ key, ask }: Question<T>, { signal }: AbortController): Promise<void> {
    state.value = { ...state.peek(), pending: true, error: undefined };
    try {
      const value = await ask(signal);
      if (signal.aborted) return;
      answers.set(key, value);
      if (answers.size > kept) answers.delete(answers.keys().next().value!);
      state.value = { key, value, pending: false };
    } catch (error) {
      if (signal.aborted || isCancelled(error)) return;
      state.value = { ...state.peek(), pending: false, error: toReport(error) };
    }
  }

  return {
    state,
    stop() {
      controller?.abort();
      stop();
    },
  };
}
