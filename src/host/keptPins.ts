import type * as vscode from "vscode";
import type { PinSlot } from "../protocol/panelContract";
import { documentText } from "./editorText";
import type { Models } from "./models";
import { openDocument, placeNow } from "./openDocument";
import { parseState } from "./parseState";
import { slots, type ComparedPins } from "./pins";

const KEY = "headlight.pins";
/** Longer texts are not written down: a window's state is for small things. */
const MOST_CHARACTERS = 50_000;

/** A and B come back with the window: what was asked for is written down, and run again. */
export class KeptPins implements vscode.Disposable {
  readonly #stop: () => void;
  #restoring = false;

  constructor(
    private readonly pins: ComparedPins,
    private readonly memory: vscode.Memento,
    private readonly models: Models,
  ) {
    this.#stop = pins.onDidChange(() => void this.#keep());
  }

  /** Runs what an earlier window had pinned; nothing where something is pinned already. A model that is gone is skipped. */
  async restore(): Promise<void> {
    const kept = this.memory.get<Partial<Record<PinSlot, unknown>>>(KEY) ?? {};
    if (this.#restoring || slots.some((slot) => this.pins.requestOf(slot))) return;
    this.#restoring = true;
    try {
      await Promise.all(slots.map((slot) => this.#restoreSlot(slot, kept[slot])));
    } finally {
      this.#restoring = false;
    }
  }

  /** Ends keeping first of all, so that a window that closes does not write down that nothing is pinned. */
  dispose(): void {
    this.#stop();
  }

  async #restoreSlot(slot: PinSlot, kept: unknown): Promise<void> {
    const state = parseState(kept);
    if (!state) return;
    const { modelId, text, targetText, document } = state.request;
    const entry = await this.models.find(modelId).catch(() => undefined);
    if (!entry) return;
    const place = document && placeNow(document, text);
    const running = this.pins.run(slot, { model: entry.source, text, targetText, document: place });
    if (state.selection) this.pins.choose(slot, state.selection.choice);
    await running;
    const now = openDocument(place?.uri);
    if (now) this.pins.documentChanged(documentText(now), []);
  }

  async #keep(): Promise<void> {
    if (this.#restoring) return;
    const entries = slots.map((slot) => [slot, this.#stateOf(slot)]);
    await this.memory.update(KEY, Object.fromEntries(entries));
  }

  /** As a page keeps what it shows. */
  #stateOf(slot: PinSlot): unknown {
    const request = this.pins.requestOf(slot);
    if (!request || request.text.length > MOST_CHARACTERS) return undefined;
    const { model, text, targetText, document } = request;
    const choice = this.pins.current[slot]?.choice;
    const selection = choice && { view: "head", measure: "weights", choice };
    return { version: 1, request: { modelId: model.id, text, targetText, document }, selection };
  }
}
