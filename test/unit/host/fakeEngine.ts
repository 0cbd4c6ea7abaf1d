import type { HeadlightError } from "../../../src/core/errors";
import { cancelled } from "../../../src/core/errors";
import type { RunSummary } from "../../../src/core/run";
import type { Token } from "../../../src/core/token";
import type { Engine, HandleEvents } from "../../../src/engine/engine";
import type { InspectRequest } from "../../../src/protocol/engineContract";

/** One inspection that the fake was asked for, to be ended by the test. */
export interface Pending {
  readonly request: InspectRequest;
  readonly cancelled: boolean;
  finish(runId: string): RunSummary;
  fail(error: HeadlightError): void;
}

/** An engine that does what the test says; the contract's other methods are not there. */
export function fakeEngine() {
  const pending: Pending[] = [];
  const released: string[] = [];
  let listener: Partial<HandleEvents> = {};
  let lost: HeadlightError | undefined;
  const engine = {
    inspect(request: InspectRequest, { signal }: { signal?: AbortSignal } = {}) {
      return new Promise<RunSummary>((resolve, reject) => {
        const entry = {
          request,
          cancelled: false,
          finish(runId: string) {
            const run = runOf(runId, request.text ?? "");
            resolve(run);
            return run;
          },
          fail: reject,
        };
        pending.push(entry);
        signal?.addEventListener("abort", () => {
          entry.cancelled = true;
          reject(cancelled());
        });
      });
    },
    async release({ runId }: { runId: string }) {
      released.push(runId);
    },
    async vectors({ index }: { index: number }) {
      if (lost) throw lost;
      return [new Float32Array([index])];
    },
    async compare() {
      if (lost) throw lost;
      return {};
    },
    onEvent(given: Partial<HandleEvents>) {
      listener = given;
      return () => (listener = {});
    },
  } as unknown as Engine;
  return {
    engine,
    pending,
    released,
    progress: (stage: "load" | "run") => listener.progress?.({ stage }),
    replace: () => listener.replaced?.(),
    loseRuns: (error: HeadlightError | undefined) => (lost = error),
  };
}

/** Words and the blanks before them, as a byte-level tokenizer would split plain text. */
export function words(text: string): Token[] {
  return Array.from(text.matchAll(/\s*\S+/g), ({ 0: piece, index }, id) => ({
    id,
    text: piece,
    piece,
    start: index,
    end: index + piece.length,
    special: false,
  }));
}

/** A causal run of 2 layers x 3 heads. */
export function runOf(runId: string, text: string, nLayers = 2, nHeads = 3): RunSummary {
  const tokens = words(text);
  const layers = Array.from({ length: nLayers }, (_, layer) => ({
    layer,
    nHeads,
    nKeyHeads: nHeads,
    nQueries: tokens.length,
    nKeys: tokens.length,
    mask: { kind: "causal" as const },
    has: ["weights" as const],
  }));
  return {
    runId,
    model: { id: "m", name: "M", source: "embedded", kind: "causal", nLayers, nHeads, hasTokenizer: true },
    text,
    tokens,
    blocks: [{ kind: "decoder", queries: "source", keys: "source", layers }],
    backend: { name: "wasm", threads: 2 },
    durations: { loadMs: 0, tokenizeMs: 1, runMs: 80, totalMs: 84 },
    notices: [],
    hasPredictions: true,
  };
}
