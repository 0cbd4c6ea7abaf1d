import { toReport, type ErrorReport } from "../core/errors";
import type { Local } from "../protocol/channel";
import type { AheadQuestion } from "../protocol/ahead";
import type { Slices } from "../protocol/slices";
import type { ScoringRuns } from "../protocol/scoringRuns";
import type { GenerateMessage, ViewContract } from "../protocol/viewContract";
import { parseSliceQuery } from "./parseSlices";
import {
  parseExportFailed,
  parseGenerate,
  parseReveal,
  parseSave,
  parseScoringRuns,
  parseSelection,
} from "./parseView";
import type { Session } from "./session";

/** What a page's calls need beyond the session: the editor, the file system, the log. */
export interface ViewActions {
  ready(state: unknown): ReturnType<ViewContract["ready"]>;
  revealToken(message: ReturnType<typeof parseReveal>): Promise<void>;
  runAgain(): Promise<unknown>;
  generate(message: GenerateMessage): Promise<unknown>;
  scoringRuns(text: string, signal: AbortSignal): Promise<ScoringRuns>;
  save(name: string, bytes: Uint8Array): Promise<boolean>;
  /** Shows why nothing was exported. */
  exportFailed(error: ErrorReport): void;
  /** The whole inspection as one HTML file. */
  exportPage(): Promise<boolean>;
  /** A call failed: malformed, or refused by the engine. */
  failed(error: unknown): void;
}

/** The methods a page can call. Arguments are read as unknown, whatever their types promise. */
export function viewMethods(session: Session, actions: ViewActions): Local<ViewContract> {
  const slice =
    <K extends keyof Slices>(method: K) =>
    (raw: unknown, { signal }: { signal: AbortSignal }) =>
      watched(() => {
        const query = parseSliceQuery[method](raw) as Parameters<Slices[K]>[0];
        if (method === "thumbnails" || method === "matrix") {
          session.firstQuestions.note({ method, query } as AheadQuestion);
        }
        return session.inspection.read(method, query, signal);
      });

  async function watched<T>(run: () => T | Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (toReport(error).code !== "cancelled") actions.failed(error);
      throw error;
    }
  }

  return {
    matrix: slice("matrix"),
    marginals: slice("marginals"),
    meanRow: slice("meanRow"),
    vectors: slice("vectors"),
    thumbnails: slice("thumbnails"),
    statistics: slice("statistics"),
    mask: slice("mask"),
    headVectors: slice("headVectors"),
    positions: slice("positions"),
    distances: slice("distances"),
    projection: slice("projection"),
    additions: slice("additions"),
    additive: slice("additive"),
    stages: slice("stages"),
    maskPicture: slice("maskPicture"),
    similarHeads: slice("similarHeads"),
    keyHeads: slice("keyHeads"),
    compare: slice("compare"),
    predictions: slice("predictions"),
    tokenPredictions: slice("tokenPredictions"),
    logitLens: slice("logitLens"),
    ready: (message) => watched(() => actions.ready((message as { state?: unknown } | undefined)?.state)),
    select: (raw) => watched(() => session.select(parseSelection(raw))),
    revealToken: (raw) => watched(() => actions.revealToken(parseReveal(raw))),
    runAgain: () =>
      watched(async () => {
        await actions.runAgain();
      }),
    generate: (raw) =>
      watched(async () => {
        await actions.generate(parseGenerate(raw));
      }),
    scoringRuns: (raw, { signal }) => watched(() => actions.scoringRuns(parseScoringRuns(raw).text, signal)),
    cancel: () => watched(() => session.inspection.cancel()),
    save: (raw) =>
      watched(async () => {
        const { name, bytes } = parseSave(raw);
        return { saved: await actions.save(name, bytes) };
      }),
    exportFailed: (raw) => watched(() => actions.exportFailed(parseExportFailed(raw))),
    exportPage: () => watched(async () => ({ saved: await actions.exportPage() })),
  };
}
