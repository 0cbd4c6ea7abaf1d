import type { HeadChoice } from "../core/run";
import type { ViewContract, ViewEvents } from "./viewContract";

/** What A and B are; either may be missing. */
export interface Pins {
  readonly a?: Pin;
  readonly b?: Pin;
}

export type PinSlot = keyof Pins;

export interface Pin {
  readonly runId: string;
  readonly choice: HeadChoice;
}

/** side panel -> host: what a page may ask, about the inspection last used, and the pins. */
export interface PanelContract extends ViewContract {
  pins(): Promise<Pins>;
  /** Pins a head, layer mean or overall mean of the shown run; without a choice the slot is emptied. */
  pin(message: { slot: PinSlot; choice?: HeadChoice }): Promise<void>;
  swapPins(): Promise<void>;
}

/** host -> side panel, without an answer. */
export interface PanelEvents extends ViewEvents {
  pins(pins: Pins): void;
}
