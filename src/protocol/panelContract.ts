import type { ErrorReport } from "../core/errors";
import type { ProbeReport } from "../core/probe/probe";
import type { HeadChoice } from "../core/run";
import type { ExportKind } from "./exportKind";
import type { ViewContract, ViewEvents } from "./viewContract";

/** What A and B are; either may be missing. */
export interface Pins {
  readonly a?: Pin;
  readonly b?: Pin;
}

export type PinSlot = keyof Pins;

/** One side of a comparison: a head or mean of one run, which stays in memory for as long as it is pinned. */
export interface Pin {
  /** Absent while its run is in progress, and where that failed or is gone. */
  readonly runId?: string;
  readonly choice?: HeadChoice;
  readonly model: string;
  /** The beginning of the text. */
  readonly text: string;
  /** What else of the same run can be chosen: layers of the choice's block that have weights. */
  readonly layers: readonly { readonly layer: number; readonly nHeads: number }[];
  /** Its document says something else now. */
  readonly stale: boolean;
  /** Why there is no run. */
  readonly error?: ErrorReport;
}

/** side panel -> host: what a page may ask, about the inspection last used, and the pins. */
export interface PanelContract extends ViewContract {
  pins(): Promise<Pins>;
  /** Pins a head, layer mean or overall mean of the shown run; without a choice the slot is emptied. */
  pin(message: { slot: PinSlot; choice?: HeadChoice }): Promise<void>;
  /** Another head or mean of the run that is pinned there. */
  choosePin(message: { slot: PinSlot; choice: HeadChoice }): Promise<void>;
  /** Runs a pin again, on its text as its document reads now; `part`: only what the model can read of it. */
  runPin(message: { slot: PinSlot; part?: boolean }): Promise<void>;
  swapPins(): Promise<void>;
  /** What the probe said of the shown run's model; nothing where it was not probed. */
  probed(): Promise<ProbeReport | undefined>;
  /** Probes that model now; cancelled by the person, it gives nothing. */
  probe(): Promise<ProbeReport | undefined>;
  /** Opens the model's card. */
  showCard(): Promise<void>;
}

export interface ExportMessage {
  readonly what: Exportable;
  readonly kind: ExportKind;
}

/** What of the side panel can be saved. */
export type Exportable = "heads" | "comparison";

/** host -> side panel, without an answer. */
export interface PanelEvents extends ViewEvents {
  /** A command of the palette: to save what the panel shows. */
  export(message: ExportMessage): void;
  pins(pins: Pins): void;
  /** A model was probed. */
  probed(message: { modelId: string }): void;
}
