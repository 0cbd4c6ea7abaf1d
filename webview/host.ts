import { openChannel, type Remote } from "../src/protocol/channel";
import type { ViewContract, ViewEvents } from "../src/protocol/viewContract";

/** What the page knows of whoever answers it: the extension, or the data that a page without a host carries. */
export interface Host<Contract extends ViewContract = ViewContract> {
  readonly remote: Remote<Contract>;
  /** What `setState` kept, from whatever version wrote it. */
  /** Whether it can write the whole inspection as a page; a page without a host is one already. */
  readonly writesPages?: boolean;
  getState(): unknown;
  setState(state: unknown): void;
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

/**
 * Joins the page to the extension. To be called once: a webview gets its API only once. `lend`: takes what the page can
 * post with, for what else it is used for.
 */
export function connectHost<
  Contract extends ViewContract = ViewContract,
  Events extends ViewEvents = ViewEvents,
>(events: Events, lend?: (post: (message: unknown) => void) => void): Host<Contract> {
  const api = acquireVsCodeApi();
  lend?.((message) => api.postMessage(message));
  const { remote } = openChannel<object, Events, Contract, object>(
    {
      post: (message) => api.postMessage(message),
      listen: (listener) => window.addEventListener("message", ({ data }) => listener(data)),
    },
    {},
    events,
  );
  return {
    remote,
    writesPages: true,
    getState: () => api.getState(),
    setState: (state) => api.setState(state),
  };
}
