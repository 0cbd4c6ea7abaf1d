import * as vscode from "vscode";
import { markdownText } from "./markdownText";
import type { Session } from "./session";
import { statusLines, statusText } from "./statusText";

/** The inspection in one line at the right of the status bar; a click opens the inspector, or runs again what is stale. */
export class StatusBar implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem("headlight.status", vscode.StatusBarAlignment.Right, 90);

  constructor() {
    this.#item.name = "Headlight";
  }

  show(session: Session | undefined): void {
    const state = session?.state;
    if (!state || state.status === "empty") {
      this.#item.hide();
      return;
    }
    this.#item.backgroundColor = undefined;
    if (state.status === "running") {
      this.#set(
        `$(loading~spin) ${state.request.model.name}`,
        vscode.l10n.t("Inspecting…"),
        "headlight.cancel",
      );
    } else if (state.status === "failed") {
      this.#set(`$(error) ${state.request.model.name}`, state.error.message, "headlight.runAgain");
    } else {
      const text = statusText(state.run, vscode.l10n.t);
      const stale = vscode.l10n.t("The text has changed since. Click to run again.");
      const lines = [...(state.stale ? [stale] : []), ...statusLines(state.run, vscode.l10n.t)];
      if (state.stale) {
        this.#item.backgroundColor = new vscode.ThemeColor("statusBarItem.warningBackground");
        this.#set(`$(warning) ${text} · ${vscode.l10n.t("stale")}`, lines, "headlight.runAgain");
      } else this.#set(`$(eye) ${text}`, lines, "headlight.showInspector");
    }
    this.#item.show();
  }

  dispose(): void {
    this.#item.dispose();
  }

  #set(text: string, tooltip: string | string[], command: string): void {
    const lines = typeof tooltip === "string" ? [tooltip] : tooltip;
    this.#item.text = text;
    this.#item.tooltip = new vscode.MarkdownString(lines.map(markdownText).join("\n\n"));
    this.#item.command = command;
    this.#item.accessibilityInformation = { label: `Headlight: ${text.replace(/\$\([^)]*\) ?/, "")}` };
  }
}
