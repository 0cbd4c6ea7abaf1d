import type { ErrorReport } from "../core/errors";
import type { ShownMeasure } from "../core/measures/measure";
import type { HeadChoice, RunSummary } from "../core/run";
import type { AheadAnswer } from "./ahead";
import type { ScoringRuns } from "./scoringRuns";
import type { Slices } from "./slices";

/** What the inspector looks at; persisted by the page (setState) and by the host for hovers and decorations. */
export interface InspectorSelection {
  readonly view: ViewName;
  readonly choice: HeadChoice;
  readonly measure: ShownMeasure;
  /** The pinned query token, if any. */
  readonly query?: number;
  /** All pinned query tokens where there are several, ascending; `query` is the one that was pinned last. */
  readonly queries?: readonly number[];
}

/** The tabs of the inspector, from left to right. */
export const viewNames = [
  "heads",
  "head",
  "steps",
  "mask",
  "positions",
  "scoring",
  "generate",
  "encoderDecoder",
] as const;

export type ViewName = (typeof viewNames)[number];

/** What a reloaded window needs to come back: the same text, model and selection, by running again. */
export interface InspectorState {
  readonly version: 1;
  readonly request: {
    readonly modelId: string;
    readonly text: string;
    readonly targetText?: string;
    /** How many tokens were to be written behind the text. */
    readonly continueBy?: number;
    /** The text was run in overlapping windows. */
    readonly inWindows?: boolean;
    readonly document?: DocumentRange;
  };
  readonly selection?: InspectorSelection;
  /** How the page is arranged (scale, order, filter); the page's own affair. */
  readonly arrangement?: unknown;
}

/** The document a run came from: its URI, its version then, and the range in UTF-16 offsets. */
export interface DocumentRange {
  readonly uri: string;
  readonly version: number;
  readonly start: number;
  readonly end: number;
}

/** What the page shows. */
export type InspectorContent =
  | { readonly status: "empty" }
  | {
      readonly status: "running";
      readonly text: string;
      readonly stage?: string;
      /** Of the stage, 0..1, where that is known. */
      readonly fraction?: number;
    }
  | { readonly status: "failed"; readonly error: ErrorReport; readonly canRunAgain: boolean }
  | {
      readonly status: "shown";
      readonly run: RunSummary;
      readonly stale: boolean;
      /** What the page would ask of this run first. */
      readonly ahead?: readonly AheadAnswer[];
      /** For setState: where the text came from, so that a reloaded window finds its place again. */
      readonly document?: DocumentRange;
    };

/** view -> host. Every call is answered exactly once. */
export interface ViewContract extends Slices {
  /** First call of a page; `state` is what setState kept (unknown: it may come from another version). */
  ready(message: {
    state?: unknown;
  }): Promise<{ content: InspectorContent; selection?: InspectorSelection; settings: ViewSettings }>;
  /** The page's selection changed: hovers and decorations follow. */
  select(selection: InspectorSelection): Promise<void>;
  /** Shows the token in the editor. */
  revealToken(message: { runId: string; side: "source" | "target"; index: number }): Promise<void>;
  runAgain(): Promise<void>;
  /** Runs the shown text again, continued or with another target; what was shown stays until that is done. */
  generate(message: GenerateMessage): Promise<void>;
  /** Runs a text through the embedded models that differ in their scoring function alone. */
  scoringRuns(message: { text: string }): Promise<ScoringRuns>;
  cancel(): Promise<void>;
  /** Saves bytes that the page made (a picture, numbers); the host asks where. */
  save(message: { name: string; bytes: Uint8Array }): Promise<{ saved: boolean }>;
  /** An export of the page's own did not come about: the host shows why. */
  exportFailed(message: { error: ErrorReport }): Promise<void>;
  /** Writes the whole inspection as one HTML file; the host asks what and where. */
  exportPage(): Promise<{ saved: boolean }>;
}

export interface GenerateMessage {
  /** How many tokens to write at most; absent: none behind a text or a given target, a whole target where none is given. */
  readonly nTokens?: number;
  /** The target of an encoder-decoder, or its beginning; empty or absent: the model writes it. */
  readonly targetText?: string;
}

export const colourMaps = ["viridis", "cividis", "magma", "greys", "theme"] as const;

export interface ViewSettings {
  readonly colourMap: (typeof colourMaps)[number];
}

/** host -> view, without an answer. */
export interface ViewEvents {
  content(content: InspectorContent): void;
  /** The host chose a head (a link in a hover, a command). */
  selection(selection: InspectorSelection): void;
  /** The caret moved to another token; the head is left alone: the page may have chosen a newer one meanwhile. */
  query(message: { query?: number }): void;
  settings(settings: ViewSettings): void;
  /** A command of the palette meant for the page. */
  command(message: { name: PageCommand }): void;
}

/** What the palette can ask of the page; unknown names are ignored there. */
export const pageCommands = [
  "showHeads",
  "showHead",
  "showSteps",
  "showMask",
  "showPositions",
  "showScoring",
  "showGenerate",
  "showEncoderDecoder",
  "nextLayer",
  "previousLayer",
  "nextHead",
  "previousHead",
  "zoomIn",
  "zoomOut",
  "zoomReset",
  "makeKeyTheQuery",
  "freeQuery",
  "toggleScale",
  "toggleMeasure",
  "exportSvg",
  "exportPng",
  "exportCsv",
  "exportJson",
  "exportNpz",
  "showShortcuts",
] as const;

export type PageCommand = (typeof pageCommands)[number];
