import * as vscode from "vscode";
import {
  measureLack,
  measureWords,
  parseShownMeasure,
  shownMeasures,
  type ShownMeasure,
} from "../core/measures/measure";
import { findBlock } from "../core/run";
import { noInspection } from "./errors";
import type { Session } from "./session";

type Choice = vscode.QuickPickItem & { readonly measure: ShownMeasure };

/** Asks which measure all views show, or takes the one that is named; what the model lacks is listed with the reason. */
export async function chooseMeasure(session: Session | undefined, named: unknown): Promise<void> {
  const run = session?.inspection.shown?.run;
  const selection = session?.selection;
  const block = run && selection && findBlock(run, selection.choice.block);
  if (!session || !selection || !block) throw noInspection();
  const choices = shownMeasures.map((measure): Choice => {
    const lack = measureLack(block, selection.choice.layer, measure);
    return {
      measure,
      label: lack ? `$(circle-slash) ${measureWords[measure].name}` : measureWords[measure].name,
      detail: lack ?? measureWords[measure].meaning,
      ...(measure === selection.measure && { description: vscode.l10n.t("shown now") }),
    };
  });
  const chosen =
    parseShownMeasure(named) ??
    (
      await vscode.window.showQuickPick(choices, {
        title: vscode.l10n.t("Headlight: Choose Measure"),
        placeHolder: vscode.l10n.t("What all views show of attention"),
        matchOnDetail: true,
      })
    )?.measure;
  const now = session.selection;
  if (chosen && now) session.select({ ...now, measure: chosen });
}
