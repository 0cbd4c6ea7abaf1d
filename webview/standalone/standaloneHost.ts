import { HeadlightError } from "../../src/core/errors";
import type { StandaloneRun } from "../../src/protocol/standalone";
import type { Host } from "../host";
import { carriedSummary, standaloneSlices } from "./slices";

/** Stands in for the extension: shows the run that the page carries, and saves by download. */
export function standaloneHost(content: StandaloneRun): Host {
  const storageKey = `headlight ${content.run.runId}`;
  return {
    remote: {
      ...standaloneSlices(content),
      ready: async () => ({
        content: { status: "shown", run: carriedSummary(content), stale: false },
        selection: content.selection,
        settings: content.settings ?? { colourMap: "theme" },
      }),
      select: async () => {},
      revealToken: async () => {},
      runAgain: async () => {},
      cancel: async () => {},
      exportPage: async () => ({ saved: false }),
      exportFailed: async ({ error } = { error: { code: "", message: "" } }) => alert(error.message),
      generate: () => Promise.reject(noEngine()),
      scoringRuns: () => Promise.reject(noEngine()),
      save: async ({ name, bytes } = { name: "", bytes: new Uint8Array() }) => {
        download(name, bytes);
        return { saved: true };
      },
    } as Host["remote"],
    getState: () => history.state?.[storageKey] as unknown,
    setState: (state) => history.replaceState({ [storageKey]: state }, ""),
  };
}

function noEngine(): HeadlightError {
  return new HeadlightError(
    "no-engine",
    "This page carries one finished inspection and no model, so nothing can be run here.",
  );
}

function download(name: string, bytes: Uint8Array): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
