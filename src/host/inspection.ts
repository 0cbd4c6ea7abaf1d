import { isCancelled, toReport, unknownRun, type ErrorReport } from "../core/errors";
import type { RunSummary } from "../core/run";
import type { Engine } from "../engine/engine";
import type { InspectRequest, ModelSource } from "../protocol/engineContract";
import type { AheadAnswer, AheadQuestion } from "../protocol/ahead";
import type { Slices } from "../protocol/slices";
import type { DocumentRange } from "../protocol/viewContract";
import type { InspectionResult } from "./api";
import type { DocumentText } from "./documentText";
import { RunHolds } from "./runHolds";
import { stillSays, trackRange, type Edit } from "./trackRange";

/** What was asked for, kept so that it can be asked again. */
export interface InspectionRequest {
  readonly model: ModelSource;
  readonly text: string;
  readonly targetText?: string;
  readonly tokenLimit?: number;
  /** Continue greedily, by so many tokens; without a number until the end token. */
  readonly generate?: InspectRequest["generate"];
  /** Whether a text longer than the context is run in overlapping windows. */
  readonly inWindows?: boolean;
  /** The range as it is in the document now. */
  readonly document?: DocumentRange;
}

export type InspectionState =
  | { readonly status: "empty" }
  | Placed<{ readonly status: "running"; readonly stage?: Stage; readonly fraction?: number }>
  | Placed<{ readonly status: "shown"; readonly run: RunSummary; readonly ahead?: readonly AheadAnswer[] }>
  | Placed<{ readonly status: "failed"; readonly error: ErrorReport }>;

/** `stale`: the document no longer says what was asked about. */
type Placed<S> = S & { readonly request: InspectionRequest; readonly stale: boolean };
export type ShownState = Extract<InspectionState, { status: "shown" }>;
export type Stage = "load" | "tokenize" | "generate" | "run" | "read" | "verify";

/** What cannot be done with the text that is shown, which therefore stays. */
const refusals = new Set(["continuation-too-long", "cannot-continue"]);

/**
 * One inspection from request to result. A newer request supersedes an older one; a cancelled one gives the place
 * back to what was shown before; a run that the engine has lost is run again, once.
 */
export class Inspection {
  #state: InspectionState = { status: "empty" };
  /** What comes back when the run in progress is cancelled. */
  #before: ShownState | undefined;
  #attempt = 0;
  #controller: AbortController | undefined;
  #recovered = false;
  #disposed = false;
  /** What will be asked of the next run first. */
  askAhead: () => readonly AheadQuestion[] = () => [];
  readonly #listeners = new Set<(state: InspectionState) => void>();
  readonly #stopListening: () => void;

  /** `holds`: shared by all that may show the same run. */
  constructor(
    private readonly engine: Engine,
    private readonly holds = new RunHolds(engine),
  ) {
    this.#stopListening = engine.onEvent({
      progress: ({ stage, fraction }) => this.#setStage(stage, fraction),
      // What was lost to that may be run again, however often.
      replaced: () => (this.#recovered = false),
    });
  }

  get state(): InspectionState {
    return this.#state;
  }

  /** The run whose numbers may be shown: none while another is in progress. */
  get shown(): ShownState | undefined {
    return this.#state.status === "shown" ? this.#state : undefined;
  }

  onDidChange(listener: (state: InspectionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(request: InspectionRequest): Promise<InspectionResult> {
    this.#recovered = false;
    return this.#run(request, false);
  }

  cancel(): void {
    this.#controller?.abort();
  }

  /** Another inspection of the same place that shows the same run (or failure) and goes its own way from here. */
  fork(): Inspection {
    const { state } = this;
    const copy = new Inspection(this.engine, this.holds);
    if (state.status === "running" || state.status === "empty") return copy;
    if (state.status === "shown") this.holds.take(state.run.runId);
    copy.#state = state;
    return copy;
  }

  /** Ends the run in progress and frees what is shown. */
  dispose(): void {
    this.#disposed = true;
    this.#attempt++;
    this.#controller?.abort();
    this.#stopListening();
    this.#release(this.#before, this.shown);
    this.#before = undefined;
    this.#set({ status: "empty" });
    this.#listeners.clear();
  }

  /** Reads from the shown run; a run that the engine no longer holds is started again, and this read fails. */
  async read<K extends keyof Slices>(
    method: K,
    query: Parameters<Slices[K]>[0],
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<Slices[K]>>> {
    const { runId } = query;
    if (this.shown?.run.runId !== runId) throw unknownRun(runId);
    try {
      const ask = this.engine[method] as (
        q: typeof query,
        o?: { signal?: AbortSignal },
      ) => ReturnType<Slices[K]>;
      return await ask(query, { signal });
    } catch (error) {
      const report = toReport(error);
      if (report.code === "unknown-run" || report.code === "worker-died") this.lost(runId, report);
      throw error;
    }
  }

  /** The engine no longer holds the run: where it is what is shown, it is run again, once. */
  lost(runId: string, error: ErrorReport): void {
    const { shown } = this;
    if (shown?.run.runId === runId) this.#recover(shown, error);
  }

  /** Follows the edits of a document, in the order in which the editor reports them. */
  documentChanged(document: DocumentText, edits: readonly Edit[]): void {
    this.#before = this.#before && followed(this.#before, document, edits);
    const state = this.#state;
    if (state.status === "empty") return;
    const next = followed(state, document, edits);
    if (next !== state) this.#set(next);
  }

  async #run(request: InspectionRequest, stale: boolean): Promise<InspectionResult> {
    const attempt = ++this.#attempt;
    this.#before = this.shown ?? this.#before;
    this.#controller?.abort();
    const controller = (this.#controller = new AbortController());
    this.#set({ status: "running", request, stale });
    try {
      const { signal } = controller;
      const asked = { ...engineRequest(request), ahead: this.askAhead(), mayReuse: true };
      const { ahead, ...run } = await this.engine.inspect(asked, { signal });
      if (attempt !== this.#attempt) {
        this.holds.free(run.runId);
        return this.#overtaken();
      }
      this.holds.take(run.runId);
      this.#release(this.#before);
      this.#settle((place) => ({ status: "shown", run, ahead, ...place }));
      return { outcome: "shown", run };
    } catch (error) {
      if (attempt !== this.#attempt) return this.#overtaken();
      if (isCancelled(error)) return this.#goBack();
      const report = toReport(error);
      if (this.#before && refusals.has(report.code)) {
        this.#goBack();
        return { outcome: "failed", error: report };
      }
      this.#release(this.#before);
      this.#settle((place) => ({ status: "failed", error: report, ...place }));
      return { outcome: "failed", error: report };
    }
  }

  /** Ends the running state; the place may have moved while it ran. */
  #settle(next: (place: { request: InspectionRequest; stale: boolean }) => InspectionState): void {
    this.#before = undefined;
    this.#controller = undefined;
    if (this.#state.status === "empty") return;
    this.#set(next({ request: this.#state.request, stale: this.#state.stale }));
  }

  #overtaken(): InspectionResult {
    return { outcome: this.#disposed ? "cancelled" : "superseded" };
  }

  #goBack(): InspectionResult {
    const before = this.#before;
    this.#before = undefined;
    this.#controller = undefined;
    // Stopping a run may have cost the worker, and with it the run that now comes back.
    this.#recovered = false;
    this.#set(before ?? { status: "empty" });
    return { outcome: "cancelled" };
  }

  #recover(lost: ShownState, error: ErrorReport): void {
    if (this.#recovered) {
      this.#release(lost);
      this.#set({ status: "failed", request: lost.request, stale: lost.stale, error });
      return;
    }
    this.#recovered = true;
    // The text of the run, not the document's: what was shown comes back.
    void this.#run(lost.request, lost.stale);
  }

  #setStage(stage: Stage, fraction?: number): void {
    const state = this.#state;
    if (state.status !== "running" || (state.stage === stage && state.fraction === fraction)) return;
    this.#set({ ...state, stage, fraction });
  }

  #set(state: InspectionState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  #release(...states: (ShownState | undefined)[]): void {
    for (const state of states) if (state) this.holds.free(state.run.runId);
  }
}

function followed<S extends Placed<object>>(state: S, document: DocumentText, edits: readonly Edit[]): S {
  const { request } = state;
  if (request.document?.uri !== document.uri) return state;
  const moved = edits.reduce(trackRange, request.document);
  const place = { ...moved, version: document.version };
  return {
    ...state,
    request: { ...request, document: place },
    stale: !stillSays(document, place, request.text),
  };
}

/** An encoder-decoder that is given no target writes it. */
function engineRequest(request: InspectionRequest): InspectRequest {
  const { model, text, targetText, tokenLimit, inWindows, generate } = request;
  return {
    model,
    text,
    ...(targetText && { targetText }),
    ...(tokenLimit && { tokenLimit }),
    ...(generate ? { generate } : !targetText && { generate: {} }),
    ...(inWindows && { inWindows }),
  };
}
