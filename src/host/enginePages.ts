import type { BackendFallback } from "../core/run";
import type { RunningWorker, WorkerStarter } from "../engine/engine";
import type { Files } from "../model/files";
import type { EngineSettings } from "../protocol/engineContract";
import type { EnginePage } from "./enginePage";
import { pageSilent } from "./errors";
import { servedFiles } from "./servedFiles";

/** How long a page that was just opened may take until it can be asked, and then until its engine has started. */
const PATIENCE_MS = 20_000;

/** An inspector whose page may be, or become, a place for engines. */
export interface Place {
  /** The page is there. */
  arrived(page: EnginePage): void;
  /** It is not there any more; `isBack`: another one is about to come. */
  left(isBack: boolean): void;
}

/**
 * Starts engines in the page of an open inspector where WebGPU is asked for, since this extension host has none; else,
 * and where that cannot be, workers of this host, with the reason.
 */
export class EnginePages implements WorkerStarter {
  readonly #places = new Map<Place, EnginePage | undefined>();
  readonly #waiting = new Set<() => void>();
  #lost: BackendFallback | undefined;
  /** Whether the engine started last is where it is only because no inspector was open. */
  #isForWantOfPage = false;

  constructor(
    private readonly plain: WorkerStarter,
    private readonly files: Files,
    /** An inspector has been opened, and the engine is where it is only because none was. */
    private readonly onBetterPlace: () => void,
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  async start(settings: EngineSettings): Promise<RunningWorker> {
    this.#isForWantOfPage = false;
    const { backend = "wasm" } = settings;
    if (backend === "wasm") {
      // Whoever turns WebGPU on again wants it tried again.
      this.#lost = undefined;
      return this.plain.start(settings);
    }
    const started = this.#lost ?? (await this.#startInPage(backend));
    if ("port" in started) return started;
    this.#isForWantOfPage = started.code === "no-page";
    return { ...(await this.plain.start(settings)), noGpu: started };
  }

  /** An inspector was opened, or shown again: its page is on the way. */
  open(): Place {
    const place: Place = {
      arrived: (page) => {
        this.#places.set(place, page);
        this.#tellWaiting();
      },
      left: (isBack) => {
        this.#places.get(place)?.gone();
        if (isBack) this.#places.set(place, undefined);
        else this.#places.delete(place);
        this.#tellWaiting();
      },
    };
    this.#places.set(place, undefined);
    if (this.#isForWantOfPage) this.onBetterPlace();
    return place;
  }

  async #startInPage(backend: "auto" | "webgpu"): Promise<RunningWorker | BackendFallback> {
    for (;;) {
      const page = await this.#page();
      if (!page) return { code: "no-page" };
      try {
        const starting = page.start(backend, () => servedFiles(this.files));
        const started = await this.#inTime(starting);
        return "port" in started ? this.#noting(started) : started;
      } catch (error) {
        // One that was closed meanwhile says nothing about the next.
        const isThere = [...this.#places.values()].includes(page);
        const detail = error instanceof Error ? error.message : String(error);
        if (isThere) return { code: "webgpu-refused", detail };
      }
    }
  }

  /** A page may be kept from answering, by whatever keeps its parts from loading. */
  #inTime<T>(starting: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(pageSilent(this.patienceMs)), this.patienceMs);
      starting.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  /** A lost device is not tried again: what took it away would take the next one. */
  #noting(worker: RunningWorker): RunningWorker {
    return {
      ...worker,
      onExit: (listener) =>
        worker.onExit((reason, how) => {
          if (how === "gpu-lost") this.#lost = { code: "device-lost", detail: reason };
          listener(reason, how);
        }),
    };
  }

  /** A page that is there, or the first that comes; undefined where none is on the way. */
  async #page(): Promise<EnginePage | undefined> {
    const endMs = performance.now() + this.patienceMs;
    for (;;) {
      const page = [...this.#places.values()].find((one) => one !== undefined);
      const leftMs = endMs - performance.now();
      if (page || this.#places.size === 0 || leftMs <= 0) return page;
      await this.#change(leftMs);
    }
  }

  #change(longestMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, longestMs);
      this.#waiting.add(done);
    });
  }

  #tellWaiting(): void {
    for (const done of [...this.#waiting]) done();
  }
}
