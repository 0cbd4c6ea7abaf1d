import { cancelled } from "../../core/errors";

/** Runs tasks one after the other; a task whose signal aborts before its turn is dropped without being started. */
export class Queue {
  private last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const result = this.last.then(async () => {
      // Messages that came while the thread was busy (a cancel among them) are heard before the next task.
      await breath();
      if (signal.aborted) throw cancelled();
      return task();
    });
    // One failed task must not fail the next.
    this.last = result.catch(() => undefined);
    return result;
  }
}

/** Lets waiting messages in; throws when the call was cancelled. To be called between the stages of a task. */
export async function checkpoint(signal: AbortSignal): Promise<void> {
  await breath();
  if (signal.aborted) throw cancelled();
}

/** By a message of its own, which comes after those that wait: a timer takes 1 ms or, nested in a browser, 4. */
function breath(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
