import * as vscode from "vscode";
import type { ErrorReport } from "../core/errors";
import type { Pins } from "../protocol/panelContract";
import type { InspectorContent } from "../protocol/viewContract";
import type { InspectionState } from "./inspection";
import { localise } from "./localise";
import { contentOf } from "./session";

/** What a page shows for a state, failures in the editor's language. */
export function localContent(state: InspectionState): InspectorContent {
  const content = contentOf(state);
  return content.status === "failed" ? { ...content, error: localReport(content.error) } : content;
}

export function localPins(pins: Pins): Pins {
  const local = Object.entries(pins).map(([slot, pin]: [string, Pins["a"]]) => [
    slot,
    pin?.error ? { ...pin, error: localReport(pin.error) } : pin,
  ]);
  return Object.fromEntries(local) as Pins;
}

function localReport(error: ErrorReport): ErrorReport {
  return { ...error, message: localise(error.message, vscode.l10n.t) };
}
