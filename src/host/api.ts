import type { Event, Uri } from "vscode";
import type { ErrorReport } from "../core/errors";
import type { RunSummary } from "../core/run";
import type { Pins } from "../protocol/panelContract";
import type { VectorQuery } from "../protocol/slices";
import type { DocumentRange, InspectorSelection } from "../protocol/viewContract";

/** What `activate` returns: for other extensions and for tests. */
export interface HeadlightApi {
  readonly version: 1;
  /** As the command does; resolves when the inspection is over. With nothing given: the active editor's selection or paragraph. */
  inspect(what?: InspectWhat): Promise<InspectionResult>;
  /** The inspection that commands, hovers and the status bar refer to now. */
  current(): InspectionSnapshot;
  readonly onDidChange: Event<InspectionSnapshot>;
  /** What is pinned as A and B in the side panel. */
  pins(): Pins;
  /** Rows (axis "query") or columns (axis "key") of the current run; fails when its run is not `runId`. */
  vectors(query: VectorQuery): Promise<Float32Array[]>;
}

export interface InspectWhat {
  /** An open document; without `start` and `end`, the whole of it. Offsets in UTF-16 code units, end exclusive. */
  readonly uri?: Uri;
  readonly start?: number;
  readonly end?: number;
  /** A text that is in no document. */
  readonly text?: string;
  /** The target of an encoder-decoder; without it the model writes one. */
  readonly targetText?: string;
  /** How many tokens a causal model is to write behind the text, each the most likely one. */
  readonly continueBy?: number;
}

/** How one inspection ended. "superseded": a newer one took its place. */
export interface InspectionResult {
  readonly outcome: "shown" | "failed" | "cancelled" | "superseded";
  readonly run?: RunSummary;
  readonly error?: ErrorReport;
}

export interface InspectionSnapshot {
  /** "stale": a run is shown whose text has changed in its document since. */
  readonly status: InspectionStatus;
  readonly text?: string;
  /** The range in the document as it is now: it moves with edits around it. */
  readonly document?: DocumentRange;
  readonly run?: RunSummary;
  readonly selection?: InspectorSelection;
  readonly error?: ErrorReport;
  /** Whether the inspector beside the editor is visible. */
  readonly visible: boolean;
}

export type InspectionStatus = "empty" | "running" | "shown" | "stale" | "failed";
