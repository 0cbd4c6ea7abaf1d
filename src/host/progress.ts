import * as vscode from "vscode";
import type { Stage } from "./inspection";

/** Shorter waits show nothing: a notification that flashes by tells nobody anything. */
const DELAY_MS = 300;

export interface Progress {
  stage(stage: Stage | undefined): void;
}

/** Shows a notification with Cancel while `work` takes longer than 300 ms. */
export async function withLateProgress<T>(
  title: string,
  cancel: () => void,
  work: (progress: Progress) => Promise<T>,
) {
  let report: ((message: string) => void) | undefined;
  let stage: Stage | undefined;
  const running = work({
    stage(next) {
      if (!next || next === stage) return;
      stage = next;
      report?.(stageText(next));
    },
  });
  const over = running.then(
    () => undefined,
    () => undefined,
  );
  const timer = setTimeout(() => {
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    void vscode.window.withProgress(options, (progress, token) => {
      token.onCancellationRequested(cancel);
      report = (message) => progress.report({ message });
      if (stage) report(stageText(stage));
      return over;
    });
  }, DELAY_MS);
  try {
    return await running;
  } finally {
    clearTimeout(timer);
  }
}

function stageText(stage: Stage): string {
  return {
    load: vscode.l10n.t("loading the model"),
    tokenize: vscode.l10n.t("splitting the text into tokens"),
    generate: vscode.l10n.t("writing tokens"),
    run: vscode.l10n.t("running the model"),
    read: vscode.l10n.t("reading the attention"),
    verify: vscode.l10n.t("computing the weights again"),
  }[stage];
}
