import type { Port } from "../protocol/channel";
import { openChannel, type Local } from "../protocol/channel";
import type { EngineContract, EngineEvents } from "../protocol/engineContract";
import type { WorkerStarter } from "./engine";

/**
 * An engine in this thread: for programs that have nothing else to do, and where workers are refused. A run blocks
 * the thread and cannot be ended from outside; nothing is copied on the way.
 */
export function inlineStarter(service: (emit: EngineEvents) => Local<EngineContract>): WorkerStarter {
  return {
    async start() {
      const [near, far] = joinedPorts();
      const channel = openChannel<EngineContract, object, object, EngineEvents>(
        far,
        service({
          progress: (event) => channel.emit("progress", event),
          stubborn: (event) => channel.emit("stubborn", event),
          swelled: (event) => channel.emit("swelled", event),
          log: (event) => channel.emit("log", event),
        }),
      );
      return { port: near, terminate: async () => {}, onExit: () => {} };
    },
  };
}

function joinedPorts(): [Port, Port] {
  const listeners: ((message: unknown) => void)[] = [];
  const end = (own: number, other: number): Port => ({
    post: (message) => queueMicrotask(() => listeners[other]?.(message)),
    listen: (listener) => {
      listeners[own] = listener;
    },
  });
  return [end(0, 1), end(1, 0)];
}
