import * as vscode from "vscode";
import { isCancelled, toReport, type ErrorReport } from "../core/errors";
import { localise } from "./localise";

/** A way out that is offered with an error. */
export interface Remedy {
  readonly title: string;
  run(): unknown;
}

/** The one place where a failure ends: always in the log, on screen when the person asked for what failed. */
export class Reporter {
  constructor(readonly log: vscode.LogOutputChannel) {}

  /** Shows one sentence and its remedies. Does not wait for an answer. Cancellation is not shown. */
  show(error: unknown, ...remedies: Remedy[]): ErrorReport {
    const report = isErrorReport(error) ? error : toReport(error);
    this.record(report);
    if (report.code !== "cancelled") void this.#offer(report, remedies);
    return report;
  }

  /** Only to the log: for what the person did not ask for, or sees elsewhere. */
  record(error: unknown): void {
    if (isCancelled(error)) return;
    const { code, message, detail } = isErrorReport(error) ? error : toReport(error);
    this.log.error(`[${code}] ${message}${detail ? `\n${detail}` : ""}`);
  }

  async #offer(report: ErrorReport, remedies: Remedy[]): Promise<void> {
    const showLog = report.detail ? [{ title: vscode.l10n.t("Show Log"), run: () => this.log.show() }] : [];
    const offered = [...remedies, ...showLog];
    const chosen = await vscode.window.showErrorMessage(
      localise(report.message, vscode.l10n.t),
      ...offered.map(({ title }) => title),
    );
    try {
      await offered.find(({ title }) => title === chosen)?.run();
    } catch (error) {
      this.show(error);
    }
  }
}

function isErrorReport(error: unknown): error is ErrorReport {
  if (typeof error !== "object" || error === null || error instanceof Error) return false;
  const report = error as Partial<ErrorReport>;
  return typeof report.code === "string" && typeof report.message === "string";
}
