import * as vscode from "vscode";
import { markdownText } from "./markdownText";
import type { Session } from "./session";
import type { FollowCost } from "./follow";
import { durationText, statusLines, statusText } from "./statusText";

/** The inspection in one line at the right of the status bar; a click opens the inspector, or runs again what is stale. */
export class StatusBar implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem("headlight.status", vscode.StatusBarAlignment.Right, 90);

  constructor() {
    this.#item.name = "Headlight";
  }

  /** `following`: what following the editor has cost, while it is on. */
  show(session: Session | undefined, following: FollowCost | undefined): void {
    const state = session?.state;
    if (!state || state.status === "empty") {
      if (!following) return this.#item.hide();
      this.#set(`$(sync) ${vscode.l10n.t("following")}`, followLines(following), "headlight.toggleFollow");
      return this.#item.show();
    }
    if (state.status === "running") return this.#running(state.request.model.name);
    this.#item.backgroundColor = undefined;
    if (state.status === "failed") {
      this.#set(`$(error) ${state.request.model.name}`, state.error.message, "headlight.runAgain");
    } else {
      const text = statusText(state.run, vscode.l10n.t);
      const stale = vscode.l10n.t("The text has changed since. Click to run again.");
      const lines = [
        ...(state.stale ? [stale] : []),
        ...statusLines(state.run, vscode.l10n.t),
        ...(following ? followLines(following) : []),
      ];
      if (state.stale) {
        this.#item.backgroundColor = new vscode.ThemeColor("statusBarItem.warningBackground");
        this.#set(`$(warning) ${text} · ${vscode.l10n.t("stale")}`, lines, "headlight.runAgain");
      } else {
        const cost = following && ` · $(sync) ${durationText(following.meanMs)}`;
        this.#set(`$(eye) ${text}${cost ?? ""}`, lines, "headlight.showInspector");
      }
    }
    this.#item.show();
  }

  dispose(): void {
    this.#item.dispose();
  }

  #running(model: string): void {
    this.#item.backgroundColor = undefined;
    this.#set(`$(loading~spin) ${model}`, vscode.l10n.t("Inspecting…"), "headlight.cancel");
    this.#item.show();
  }

  #set(text: string, tooltip: string | string[], command: string): void {
    const lines = typeof tooltip === "string" ? [tooltip] : tooltip;
    this.#item.text = text;
    this.#item.tooltip = new vscode.MarkdownString(lines.map(markdownText).join("\n\n"));
    this.#item.command = command;
    this.#item.accessibilityInformation = { label: `Headlight: ${text.replace(/\$\([^)]*\) ?/g, "")}` };
  }
}

function followLines({ nRuns, totalMs, meanMs }: FollowCost): string[] {
  const [total, mean] = [durationText(totalMs), durationText(meanMs)];
  return [vscode.l10n.t("Following the editor: {0} runs, {1} in all, {2} each", nRuns, total, mean)];
}
