import { HeadlightError, cancelled, fromReport, toReport, type ErrorReport } from "../core/errors";

/** What carries messages: a worker's port, a webview, or two ends in one thread. */
export interface Port {
  post(message: unknown, transfer?: ArrayBuffer[]): void;
  /** One listener at a time. */
  listen(listener: (message: unknown) => void): void;
}

type AnyFunction = (...args: never[]) => unknown;
type MethodsOf<C> = { [K in keyof C]: C[K] extends AnyFunction ? C[K] : never };

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Buffers of the argument that are moved, not copied. */
  readonly transfer?: readonly ArrayBuffer[];
  /** Called when the far side has let go of a call that was cancelled here. */
  readonly onStopped?: () => void;
}

class Moved {
  constructor(
    readonly value: unknown,
    readonly transfer: ArrayBuffer[],
  ) {}
}

/** An answer whose buffers are moved, not copied; to be returned by a method as it is. */
export function moved<T>(value: T, transfer: ArrayBuffer[]): T {
  return new Moved(value, transfer) as T;
}

/** The far side's methods; a signal cancels the one call. */
export type Remote<C> = {
  [K in keyof MethodsOf<C>]: (
    argument?: Parameters<MethodsOf<C>[K]>[0],
    options?: CallOptions,
  ) => ReturnType<MethodsOf<C>[K]>;
};

/** This side's methods; each gets the signal of its call. */
export type Local<C> = {
  [K in keyof MethodsOf<C>]: (
    argument: Parameters<MethodsOf<C>[K]>[0],
    call: { signal: AbortSignal },
  ) => ReturnType<MethodsOf<C>[K]> | Awaited<ReturnType<MethodsOf<C>[K]>>;
};

export interface Channel<Far, FarEvents> {
  readonly remote: Remote<Far>;
  /** Tells the far side something that has no answer. */
  emit<K extends keyof FarEvents & string>(event: K, argument: Parameters<MethodsOf<FarEvents>[K]>[0]): void;
  /** Fails every open call with `error`; later calls fail at once. */
  close(error: HeadlightError): void;
}

type Message =
  | { kind: "call"; id: number; method: string; argument: unknown }
  | { kind: "cancel"; id: number }
  | { kind: "result"; id: number; value: unknown }
  | { kind: "failure"; id: number; error: ErrorReport }
  | { kind: "event"; event: string; argument: unknown };

/**
 * Joins two sides over a port. Every call is answered exactly once: with a result, with a failure (throws
 * included), or by `close`. A cancelled call fails at once here, and its late answer is dropped.
 */
export function openChannel<Near, NearEvents, Far, FarEvents>(
  port: Port,
  methods: Partial<Local<Near>>,
  events: Partial<NearEvents> = {},
): Channel<Far, FarEvents> {
  const open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  /** Cancelled here, not yet answered there. */
  const stopping = new Map<number, () => void>();
  const running = new Map<number, AbortController>();
  let nextId = 1;
  let closed: HeadlightError | undefined;

  port.listen((raw) => {
    const message = parseMessage(raw);
    if (message) receive(message);
  });

  function receive(message: Message): void {
    switch (message.kind) {
      case "call":
        void answer(message.id, message.method, message.argument);
        return;
      case "cancel":
        running.get(message.id)?.abort();
        return;
      case "result":
        stopped(message.id);
        settle(message.id)?.resolve(message.value);
        return;
      case "failure":
        stopped(message.id);
        settle(message.id)?.reject(fromReport(message.error));
        return;
      case "event":
        own<(argument: unknown) => void>(events, message.event)?.(message.argument);
    }
  }

  function settle(id: number) {
    const call = open.get(id);
    open.delete(id);
    return call;
  }

  function stopped(id: number): void {
    stopping.get(id)?.();
    stopping.delete(id);
  }

  async function answer(id: number, method: string, argument: unknown): Promise<void> {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const run = own<(argument: unknown, call: { signal: AbortSignal }) => unknown>(methods, method);
      if (!run) throw new HeadlightError("unknown-method", `There is no method "${method}" here.`);
      const value = await run(argument, { signal: controller.signal });
      if (closed) return;
      if (value instanceof Moved)
        port.post({ kind: "result", id, value: value.value } satisfies Message, value.transfer);
      else port.post({ kind: "result", id, value } satisfies Message);
    } catch (error) {
      if (!closed) port.post({ kind: "failure", id, error: toReport(error) } satisfies Message);
    } finally {
      running.delete(id);
    }
  }

  function call(
    method: string,
    argument: unknown,
    { signal, onStopped, transfer }: CallOptions = {},
  ): Promise<unknown> {
    if (closed) return Promise.reject(closed);
    if (signal?.aborted) return Promise.reject(cancelled());
    return new Promise((resolve, reject) => {
      const id = nextId++;
      const onAbort = () => {
        if (!settle(id)) return;
        if (onStopped) stopping.set(id, onStopped);
        port.post({ kind: "cancel", id } satisfies Message);
        reject(cancelled());
      };
      const done = () => signal?.removeEventListener("abort", onAbort);
      open.set(id, {
        resolve: (value) => (done(), resolve(value)),
        reject: (error) => (done(), reject(error)),
      });
      signal?.addEventListener("abort", onAbort, { once: true });
      try {
        port.post({ kind: "call", id, method, argument } satisfies Message, transfer && [...transfer]);
      } catch (error) {
        settle(id)?.reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  const remote = new Proxy({} as Remote<Far>, {
    get: (_, method) =>
      // A thenable would be called by every `await` on the way.
      typeof method === "symbol" || method === "then"
        ? undefined
        : (argument?: unknown, options?: CallOptions) => call(method, argument, options),
  });

  return {
    remote,
    emit: (event, argument) => port.post({ kind: "event", event, argument } satisfies Message),
    close(error) {
      closed = error;
      stopping.clear();
      for (const id of [...open.keys()]) settle(id)?.reject(error);
      for (const controller of running.values()) controller.abort();
    },
  };
}

/** An own function property: a message can name "constructor" or "__proto__" and gets nothing. */
function own<F>(methods: object, name: string): F | undefined {
  if (!Object.hasOwn(methods, name)) return undefined;
  const value: unknown = Reflect.get(methods, name);
  return typeof value === "function" ? (value as F) : undefined;
}

/** The shape of a message, or nothing: what comes over a port is not trusted. */
function parseMessage(raw: unknown): Message | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const message = raw as Record<string, unknown>;
  switch (message.kind) {
    case "event":
      return typeof message.event === "string" ? (raw as Message) : undefined;
    case "call":
      return typeof message.id === "number" && typeof message.method === "string"
        ? (raw as Message)
        : undefined;
    case "failure": {
      const error = message.error as Record<string, unknown> | null;
      const sound = typeof error?.code === "string" && typeof error.message === "string";
      return typeof message.id === "number" && sound ? (raw as Message) : undefined;
    }
    case "result":
    case "cancel":
      return typeof message.id === "number" ? (raw as Message) : undefined;
    default:
      return undefined;
  }
}
