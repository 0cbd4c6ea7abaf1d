import type { Port } from "../protocol/channel";

/** The message end of a webview, without the rest of it. */
export interface PageEnd {
  post(message: unknown): void;
}

/**
 * The port of one page. A hidden webview loses its page and gets a new one that counts its calls from 1 again, so
 * each page has a port of its own, and answers to a page that is gone go nowhere.
 */
export class PagePort implements Port {
  #listener: ((message: unknown) => void) | undefined;
  #open = true;

  constructor(private readonly page: PageEnd) {}

  post(message: unknown): void {
    if (this.#open) this.page.post(message);
  }

  listen(listener: (message: unknown) => void): void {
    this.#listener = listener;
  }

  receive(message: unknown): void {
    if (this.#open) this.#listener?.(message);
  }

  close(): void {
    this.#open = false;
  }
}

/** Whether a message is a page's first call. */
export function isReadyCall(raw: unknown): boolean {
  const message = raw as { kind?: unknown; method?: unknown } | null;
  return typeof message === "object" && message?.kind === "call" && message.method === "ready";
}

const kinds: readonly unknown[] = ["call", "cancel", "result", "failure", "event"];

/** What is wrong with a message that no channel would take, and the call to answer, if it has an id. */
export function messageFault(raw: unknown): { problem: string; id?: number } | undefined {
  if (typeof raw !== "object" || raw === null) return { problem: `a ${raw === null ? "null" : typeof raw}` };
  const { kind, id, method } = raw as Record<string, unknown>;
  const known = typeof id === "number" ? { id } : {};
  if (!kinds.includes(kind)) return { problem: `kind ${JSON.stringify(kind)?.slice(0, 100)}`, ...known };
  if (kind === "call" && (typeof id !== "number" || typeof method !== "string")) {
    return { problem: "a call without an id or a method", ...known };
  }
  return undefined;
}
