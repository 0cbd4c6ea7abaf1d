import { parsePageEngineMessage, type PageEngineMessage } from "../src/protocol/pageEngine";
import type { PageEngines } from "../src/web/pageEngine";

/**
 * Lets the extension start engines in this page, where there is WebGPU. Nothing of it is loaded before the extension
 * asks; messages are handed on in the order in which they came.
 */
export function lendEngine(post: (message: PageEngineMessage) => void): void {
  let engines: Promise<PageEngines> | undefined;
  window.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    const message = parsePageEngineMessage(data);
    if (!message) return;
    engines ??= import("../src/web/pageEngine").then((module) => new module.PageEngines(post));
    void engines.then((loaded) => loaded.receive(message));
  });
}
