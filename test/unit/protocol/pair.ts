import type { Port } from "../../../src/protocol/channel";

/** Two ends of one wire: messages are cloned and arrive later, as between threads. */
export function portPair(): [Port, Port] {
  const listeners: ((message: unknown) => void)[] = [];
  const end = (own: number, other: number): Port => ({
    post(message, transfer = []) {
      const copy: unknown = structuredClone(message, { transfer });
      setImmediate(() => listeners[other]?.(copy));
    },
    listen(listener) {
      listeners[own] = listener;
    },
  });
  return [end(0, 1), end(1, 0)];
}
