import { closed } from "./errors";
import type { BackendFallback } from "../core/run";
import type { EndListener, RunningWorker } from "../engine/engine";
import { openChannel, type Channel } from "../protocol/channel";
import {
  lanePort,
  parseEnded,
  parseRefusal,
  type LanePort,
  type PageEngineContract,
  type PageEngineEvents,
  type PageEngineMessage,
  type PageFilesContract,
} from "../protocol/pageEngine";
import type { FileServer } from "./servedFiles";

/** Where the page can fetch what an engine is made of. */
export interface EngineAddresses {
  readonly code: string;
  readonly wasm: string;
}

interface OpenEngine {
  readonly engine: LanePort;
  readonly files: LanePort;
  end: EndListener;
}

/** The extension's side of one page that engines can run in, from the page's first call until it is gone. */
export class EnginePage {
  readonly #start: LanePort;
  readonly #channel: Channel<PageEngineContract, object>;
  readonly #open = new Map<number, OpenEngine>();
  #nEngines = 0;

  constructor(
    private readonly post: (message: PageEngineMessage) => void,
    private readonly addresses: EngineAddresses,
  ) {
    this.#start = lanePort(post, "start", 0);
    this.#channel = openChannel<object, PageEngineEvents, PageEngineContract, object>(
      this.#start,
      {},
      {
        ended: (event: unknown) => {
          const ended = parseEnded(event);
          if (ended) this.#ended(ended.engine, ended.reason, ended.isGpuLost ? "gpu-lost" : undefined);
        },
      },
    );
  }

  receive({ lane, engine, message }: PageEngineMessage): void {
    if (lane === "start") this.#start.receive(message);
    else this.#open.get(engine)?.[lane].receive(message);
  }

  /** An engine in the page, or why there is none on its adapter. */
  async start(backend: "auto" | "webgpu", serve: () => FileServer): Promise<RunningWorker | BackendFallback> {
    const number = ++this.#nEngines;
    const files = serve();
    const own: OpenEngine = {
      engine: lanePort(this.post, "engine", number),
      files: lanePort(this.post, "files", number),
      end: () => undefined,
    };
    this.#open.set(number, own);
    openChannel<PageFilesContract, object, object, object>(own.files, files.methods);
    try {
      const refused = parseRefusal(
        await this.#channel.remote.start({ engine: number, backend, ...this.addresses }),
      );
      if (refused) {
        this.#open.delete(number);
        return refused;
      }
    } catch (error) {
      this.#open.delete(number);
      throw error;
    }
    return {
      port: {
        post: (message) => {
          files.allowModelsOf(message);
          own.engine.post(message);
        },
        listen: (listener) => own.engine.listen(listener),
      },
      terminate: async () => {
        this.#open.delete(number);
        files.close();
        // A page that is gone has taken its engines along.
        await this.#channel.remote.end({ engine: number }).catch(() => undefined);
      },
      onExit: (listener) => {
        own.end = (reason, how) => {
          files.close();
          listener(reason, how);
        };
        // It may have ended in the meantime.
        if (!this.#open.has(number)) own.end("the page is gone", "page-gone");
      },
    };
  }

  /** The page is no longer there, and its engines with it. */
  gone(): void {
    this.#channel.close(closed());
    for (const number of [...this.#open.keys()]) this.#ended(number, "the page is gone", "page-gone");
  }

  #ended(number: number, reason: string, how: Parameters<EndListener>[1]): void {
    const own = this.#open.get(number);
    this.#open.delete(number);
    own?.end(reason, how);
  }
}
