import type { HeadChoice } from "../core/run";
import type { Engine } from "../engine/engine";
import type { InspectorContent, InspectorSelection } from "../protocol/viewContract";
import type { InspectionSnapshot } from "./api";
import { FirstQuestions } from "./firstQuestions";
import { firstSelection, fitSelection } from "./headSelection";
import { Inspection, type InspectionState } from "./inspection";
import { RowCache } from "./rowCache";
import type { RunHolds } from "./runHolds";

/** One inspection and what is looked at in it: what a page, hovers, decorations and the status bar share. */
export class Session {
  readonly inspection: Inspection;
  /** Rows and columns of the shown run. */
  readonly rows: RowCache;
  /** What its page draws from. */
  readonly firstQuestions = new FirstQuestions();
  #selection: InspectorSelection | undefined;
  readonly #listeners = new Set<(session: Session, what: "state" | "selection") => void>();

  constructor(engine: Engine, holds?: RunHolds) {
    this.inspection = new Inspection(engine, holds);
    this.rows = new RowCache((query) => this.inspection.read("vectors", query));
    this.inspection.askAhead = () => this.firstQuestions.of(this.#selection);
    let runId: string | undefined;
    this.inspection.onDidChange((state) => {
      if (state.status === "shown" && state.run.runId !== runId) {
        runId = state.run.runId;
        this.rows.clear();
        this.#selection = this.#selection
          ? fitSelection(state.run, this.#selection)
          : firstSelection(state.run);
      }
      this.#tell("state");
    });
  }

  get state(): InspectionState {
    return this.inspection.state;
  }

  get selection(): InspectorSelection | undefined {
    return this.#selection;
  }

  onDidChange(listener: (session: Session, what: "state" | "selection") => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What the page or a command chose; before a run is there it is kept for the run to come. */
  select(selection: InspectorSelection): void {
    const run = this.inspection.shown?.run;
    this.#selection = run ? fitSelection(run, selection) : selection;
    this.#tell("selection");
  }

  selectHead(choice: HeadChoice): void {
    if (this.#selection) this.select({ ...this.#selection, choice });
  }

  /** undefined frees the query. */
  selectQuery(query: number | undefined): void {
    if (!this.#selection) return;
    const { view, choice, measure } = this.#selection;
    this.select({ view, choice, measure, ...(query !== undefined && { query }) });
  }

  snapshot(visible: boolean): InspectionSnapshot {
    const { state } = this;
    if (state.status === "empty") return { status: "empty", visible };
    const { text, document } = state.request;
    const common = { text, document, selection: this.#selection, visible };
    if (state.status === "shown")
      return { ...common, status: state.stale ? "stale" : "shown", run: state.run };
    if (state.status === "failed") return { ...common, status: "failed", error: state.error };
    return { ...common, status: "running" };
  }

  dispose(): void {
    this.inspection.dispose();
    this.rows.clear();
    this.#listeners.clear();
  }

  #tell(what: "state" | "selection"): void {
    for (const listener of [...this.#listeners]) listener(this, what);
  }
}

/** What the page shows for a state. */
export function contentOf(state: InspectionState): InspectorContent {
  switch (state.status) {
    case "empty":
      return { status: "empty" };
    case "running":
      return {
        status: "running",
        text: state.request.text,
        ...(state.stage && { stage: state.stage }),
        ...(state.fraction !== undefined && { fraction: state.fraction }),
      };
    case "failed":
      return { status: "failed", error: state.error, canRunAgain: true };
    case "shown": {
      const { run, stale, request } = state;
      return { status: "shown", run, stale, ...(request.document && { document: request.document }) };
    }
  }
}
