import type { BackendFallback } from "../core/run";
import type { EngineContract, EngineEvents, EngineSettings } from "../protocol/engineContract";
import type { Port, Remote } from "../protocol/channel";

/**
 * What the host, the command line and tests know of an engine: the contract's methods, each cancellable by a signal.
 * Behind it is a worker that is started by the first call, replaced when it dies, and ended when a cancelled
 * run does not stop by itself.
 */
export interface Engine extends Remote<EngineContract> {
  /** Ends the worker; open calls fail as cancelled. A later call starts a new one. */
  stop(): Promise<void>;
  readonly onEvent: (listener: Partial<EngineEvents>) => () => void;
}

/** Starts a worker and gives the port to it. What differs between Node and a browser. */
export interface WorkerStarter {
  /** `settings`: for starters that have more than one kind of worker. */
  start(settings: EngineSettings): Promise<RunningWorker>;
}

export interface RunningWorker {
  readonly port: Port;
  /** Why this is not the worker with WebGPU that the settings ask for. */
  readonly noGpu?: BackendFallback;
  terminate(): Promise<void>;
  /** Called once when the worker ends without being asked to, with the reason. */
  onExit(listener: (reason: string) => void): void;
}
