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
  /** Ends the worker where another starter's choice is better now; open calls are asked again of the new one. */
  restart(): Promise<void>;
  readonly onEvent: (listener: Partial<HandleEvents>) => () => void;
}

/** What is told of an engine: by its worker, and of it. */
export interface HandleEvents extends EngineEvents {
  /** The worker gives way to another one, for a reason outside its runs; they are lost. */
  replaced(): void;
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
  /** Whether ending it gives its memory back: it is a thread of its own. */
  readonly freesMemory?: boolean;
  terminate(): Promise<void>;
  /** Called once when the worker ends without being asked to, with the reason. */
  onExit(listener: EndListener): void;
}

/**
 * `how`: what was lost is where the worker ran, not the worker itself: what it was asked is asked again of the next one.
 */
export type EndListener = (reason: string, how?: "gpu-lost" | "page-gone") => void;
