import type { BackendFallback } from "../core/run";
import type { Port } from "./channel";

/**
 * What travels between the extension and an engine in a page, beside the page's own calls. `lane`: to the page's side
 * that starts engines, to the engine itself, or about the files that it reads. `engine`: which one; a page that starts
 * another never mistakes what the one before it still had to say.
 */
export interface PageEngineMessage {
  readonly kind: "page-engine";
  readonly lane: Lane;
  readonly engine: number;
  readonly message: unknown;
}

export type Lane = (typeof lanes)[number];
const lanes = ["start", "engine", "files"] as const;

/** extension -> page */
export interface PageEngineContract {
  /** Starts the engine of this number, unless the browser's adapter is not what the setting wants. */
  start(request: PageEngineStart): Promise<{ readonly refused?: BackendFallback }>;
  /** Ends it; unknown ones are fine. */
  end(request: { engine: number }): Promise<void>;
}

export interface PageEngineStart {
  readonly engine: number;
  readonly backend: "auto" | "webgpu";
  /** Addresses, as the page can fetch them, of the worker's code and the runtime. */
  readonly code: string;
  readonly wasm: string;
}

/** page -> extension */
export interface PageEngineEvents {
  /** `isGpuLost`: its graphics device is gone; what it computed last is not to be trusted. */
  ended(event: { engine: number; reason: string; isGpuLost: boolean }): void;
}

/** engine in a page -> extension: files of the machine that the extension runs on. */
export interface PageFilesContract {
  /** Bytes of a file; undefined where there is none. */
  size(request: { reference: string }): Promise<number | undefined>;
  /** A part of a file, at most MOST_READ_BYTES of it. */
  read(request: { reference: string; byteOffset: number; length: number }): Promise<Uint8Array>;
  /** No more of it is read for now. */
  close(request: { reference: string }): Promise<void>;
}

/** Messages through a remote extension host above 1 MB are slow (measured: 1 MB in 25-110 ms, 16 MB in 0.7-1.2 s). */
export const MOST_READ_BYTES = 2 ** 20;

/** A message of this kind, or nothing: what comes from a page is not trusted. */
export function parsePageEngineMessage(raw: unknown): PageEngineMessage | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const { kind, lane, engine } = raw as Record<string, unknown>;
  const isSound = kind === "page-engine" && lanes.includes(lane as Lane) && Number.isInteger(engine);
  return isSound ? (raw as PageEngineMessage) : undefined;
}

const refusals = ["no-webgpu", "no-jspi", "no-adapter", "software-adapter"] as const;

/** Why a page starts no engine, of the reasons that a page can have; undefined where it has started one. */
export function parseRefusal(answer: unknown): BackendFallback | undefined {
  const { refused } = (answer ?? {}) as { refused?: { code?: unknown; detail?: unknown } };
  if (!refused) return undefined;
  const code = refusals.find((one) => one === refused.code) ?? "no-webgpu";
  return { code, ...(typeof refused.detail === "string" && { detail: refused.detail.slice(0, 200) }) };
}

/** The end of an engine, as a page tells it; undefined for anything else. */
export function parseEnded(raw: unknown): Parameters<PageEngineEvents["ended"]>[0] | undefined {
  const { engine, reason, isGpuLost } = (raw ?? {}) as Record<string, unknown>;
  if (typeof engine !== "number" || typeof reason !== "string") return undefined;
  return { engine, reason: reason.slice(0, 1000), isGpuLost: isGpuLost === true };
}

/** One lane of one engine as a port: what is received is given to `receive`. */
export interface LanePort extends Port {
  receive(message: unknown): void;
}

export function lanePort(post: (message: PageEngineMessage) => void, lane: Lane, engine: number): LanePort {
  let listener: ((message: unknown) => void) | undefined;
  return {
    post: (message) => post({ kind: "page-engine", lane, engine, message }),
    listen: (wanted) => {
      listener = wanted;
    },
    receive: (message) => listener?.(message),
  };
}
