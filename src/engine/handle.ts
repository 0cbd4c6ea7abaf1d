import {
  HeadlightError,
  cancelled,
  isCancelled,
  tokenizerTooSlow,
  unknownRun,
  workerDied,
  workerNotStarted,
} from "../core/errors";
import type { RunSummary } from "../core/run";
import { openChannel, type CallOptions, type Channel } from "../protocol/channel";
import type { EngineContract, EngineEvents, EngineSettings, StubbornTask } from "../protocol/engineContract";
import { buffersIn } from "../store/handOver";
import type { Engine, HandleEvents, RunningWorker, WorkerStarter } from "./engine";
import { Patience } from "./patience";
import { Renewal } from "./renewal";

/** A cancelled run may end by itself for this long before its worker is ended. */
const GRACE_MS = 300;

/** Calls that occupy the worker one after the other, in the order in which they came. */
const computes = new Set<keyof EngineContract>(["load", "inspect", "probe", "tokenize", "verify"]);

type Method = keyof EngineContract & string;
type AnyCall = (argument: unknown, options: CallOptions) => Promise<unknown>;

interface Generation {
  readonly worker: RunningWorker;
  readonly channel: Channel<EngineContract, object>;
}

/** One call that occupies the worker; it stays listed until the worker has let go of it. */
interface Occupant {
  cancelled: boolean;
  /** It waited behind a call for whose sake the worker was ended. */
  mayAskAgain?: boolean;
}

/** The host's side of an engine: nothing is started until the first call. */
export function createEngine(
  starter: WorkerStarter,
  settings: EngineSettings,
  {
    graceMs = GRACE_MS,
    patienceTickMs,
    idleMs,
  }: { graceMs?: number; patienceTickMs?: number; idleMs?: number } = {},
): Engine {
  const handle = new EngineHandle(starter, settings, graceMs, patienceTickMs, idleMs);
  const known: Record<string, unknown> = {
    stop: () => handle.stop(),
    restart: () => handle.restart(),
    configure: (next: EngineSettings) => handle.configure(next),
    onEvent: (listener: Partial<HandleEvents>) => handle.listen(listener),
  };
  return new Proxy({} as Engine, {
    get: (_, method) =>
      // A thenable would be called by every `await` on the way.
      typeof method === "symbol" || method === "then"
        ? undefined
        : (known[method] ??
          ((argument: unknown, options: CallOptions = {}) =>
            handle.ask(method as Method, argument, options))),
  });
}

class EngineHandle {
  private current: Promise<Generation> | undefined;
  private readonly listeners = new Set<Partial<HandleEvents>>();
  private occupants: Occupant[] = [];
  private timer: unknown;
  /** What a restart would cost, as last seen. */
  private lastLoadMs = 0;
  private readonly patience: Patience;
  private readonly renewal: Renewal;

  constructor(
    private readonly starter: WorkerStarter,
    private settings: EngineSettings,
    private readonly graceMs: number,
    patienceTickMs?: number,
    idleMs?: number,
  ) {
    this.patience = new Patience((task) => void this.giveUp(task), patienceTickMs);
    this.renewal = new Renewal(() => this.renew(), idleMs);
  }

  listen(listener: Partial<HandleEvents>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async configure(settings: EngineSettings): Promise<void> {
    // The runtime takes its number of threads once; a worker has one build of the runtime.
    const { threads, backend } = this.settings;
    const restart = settings.threads !== threads || settings.backend !== backend;
    this.settings = settings;
    if (!this.current) return;
    if (restart) await this.end(replaced());
    else await this.call("configure", settings, {});
  }

  stop(): Promise<void> {
    return this.end(cancelled());
  }

  restart(): Promise<void> {
    return this.end(replaced());
  }

  ask(method: Method, argument: unknown, options: CallOptions): Promise<unknown> {
    return this.renewal.during(() => this.call(method, argument, options));
  }

  private async call(method: Method, argument: unknown, options: CallOptions): Promise<unknown> {
    const { signal } = options;
    for (;;) {
      if (signal?.aborted) throw cancelled();
      if (!this.current && runIdOf(argument)) throw unknownRun(runIdOf(argument)!);
      try {
        const { channel } = await unlessAborted(this.start(), signal);
        const value = await this.send(channel, method, argument, options);
        if (method === "inspect") this.noteLoad(value as RunSummary);
        return value;
      } catch (error) {
        // The worker was ended for another call's sake: ask the next one.
        if (!(error instanceof HeadlightError && error.code === REPLACED)) throw error;
      }
    }
  }

  private async send(
    channel: Channel<EngineContract, object>,
    method: Method,
    argument: unknown,
    { signal, onStopped }: CallOptions,
  ): Promise<unknown> {
    const send = channel.remote[method] as unknown as AnyCall;
    if (!computes.has(method)) return send(argument, { signal, onStopped });
    const occupant: Occupant = { cancelled: false };
    this.occupants.push(occupant);
    const leave = () => {
      this.occupants = this.occupants.filter((other) => other !== occupant);
      this.watch();
      onStopped?.();
    };
    try {
      const value = await send(argument, { signal, onStopped: leave });
      leave();
      return value;
    } catch (error) {
      if (signal?.aborted && isCancelled(error) && this.occupants.includes(occupant)) {
        occupant.cancelled = true;
        this.watch();
      } else leave();
      throw occupant.mayAskAgain ? replaced() : error;
    }
  }

  /** Ends the worker when the call that occupies it was cancelled and does not let go in time. */
  private watch(): void {
    clearTimeout(this.timer);
    if (!this.occupants[0]?.cancelled) return;
    // With a newer call waiting, ending the worker pays only if what is left takes longer than loading again.
    const waiting = this.occupants.some((occupant) => !occupant.cancelled);
    const delayMs = waiting ? Math.max(this.graceMs, this.lastLoadMs) : this.graceMs;
    this.timer = setTimeout(() => void this.end(replaced()), delayMs);
  }

  private noteLoad({ durations }: RunSummary): void {
    if (durations.loadMs > 0) this.lastLoadMs = durations.loadMs;
  }

  private start(): Promise<Generation> {
    if (this.current) return this.current;
    const starting: Promise<Generation> = this.startWorker(() => {
      if (this.current === starting) this.current = undefined;
    });
    this.current = starting;
    return starting;
  }

  private async startWorker(forget: () => void): Promise<Generation> {
    let worker: RunningWorker;
    try {
      worker = await this.starter.start(this.settings);
    } catch (error) {
      forget();
      throw workerNotStarted(error instanceof Error ? error.message : String(error));
    }
    const channel = openChannel<object, EngineEvents, EngineContract, object>(
      worker.port,
      {},
      {
        progress: (event) => this.listeners.forEach((listener) => listener.progress?.(event)),
        stubborn: (task) => this.patience.follow(task),
        swelled: (event) => {
          if (worker.freesMemory) this.renewal.swelled();
          this.listeners.forEach((listener) => listener.swelled?.(event));
        },
        log: (event) => this.listeners.forEach((listener) => listener.log?.(event)),
      },
    );
    worker.onExit((reason, how) => {
      forget();
      this.occupants = [];
      this.patience.follow(null);
      if (how) this.tellReplaced();
      channel.close(how ? replaced() : workerDied(reason));
    });
    await channel.remote.configure({ ...this.settings, ...(worker.noGpu && { noGpu: worker.noGpu }) });
    return { worker, channel };
  }

  /** Gives the heap of an idle worker back: another one takes over its runs, and opens models when they are asked for. */
  private renew(): void {
    const old = this.current;
    if (!old) return;
    const renewed: Promise<Generation> = old.then(async ({ worker, channel }) => {
      const handed = await channel.remote.handOver();
      channel.close(replaced());
      await worker.terminate();
      const next = await this.startWorker(forget);
      await next.channel.remote.takeOver(handed, { transfer: buffersIn(handed) });
      return next;
    });
    const forget = () => {
      if (this.current === renewed) this.current = undefined;
    };
    this.current = renewed;
    renewed.catch(forget);
  }

  /** Ends a worker whose tokenizer does not finish; calls that waited behind it are asked again. */
  private giveUp({ model, limitMs }: StubbornTask): Promise<void> {
    for (const waiting of this.occupants.slice(1)) waiting.mayAskAgain = true;
    return this.end(tokenizerTooSlow(model, limitMs));
  }

  private tellReplaced(): void {
    this.listeners.forEach((listener) => listener.replaced?.());
  }

  /** Ends the worker; its open calls fail with `error`. */
  private async end(error: HeadlightError): Promise<void> {
    const ending = this.current;
    this.current = undefined;
    if (error.code === REPLACED) this.tellReplaced();
    this.occupants = [];
    clearTimeout(this.timer);
    this.patience.follow(null);
    this.renewal.reset();
    const generation = await ending?.catch(() => undefined);
    generation?.channel.close(error);
    await generation?.worker.terminate();
  }
}

const REPLACED = "engine-replaced";

function replaced(): HeadlightError {
  return new HeadlightError(REPLACED, "The engine was restarted.");
}

function runIdOf(argument: unknown): string | undefined {
  const runId = (argument as { runId?: unknown } | undefined)?.runId;
  return typeof runId === "string" ? runId : undefined;
}

/** The promise, or a rejection as soon as the signal aborts. Calls leave here in the order in which they came. */
function unlessAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(cancelled());
    const leave = () => signal?.removeEventListener("abort", onAbort);
    signal?.addEventListener("abort", onAbort, { once: true });
    promise.then(
      (value) => (leave(), resolve(value)),
      (error: Error) => (leave(), reject(error)),
    );
  });
}
