import * as vscode from "vscode";
import { exportKinds, exportLabels, type ExportKind } from "../protocol/exportKind";
import type { Exportable } from "../protocol/panelContract";
import { noComparison } from "./errors";
import type { ComparedPins } from "./pins";
import { HEADS_VIEW, type SidePanel } from "./sidePanel";

/** Has the side panel save its list of heads or its comparison, in the form that is named or chosen; opens it first. */
export async function exportPanel(
  sidePanel: SidePanel,
  pins: ComparedPins,
  what: Exportable,
  named: unknown,
): Promise<void> {
  if (what === "comparison" && !(pins.current.a && pins.current.b)) throw noComparison();
  const kind = exportKinds.find((each) => each === named) ?? (await chooseKind());
  if (!kind) return;
  await vscode.commands.executeCommand(`${HEADS_VIEW}.focus`);
  sidePanel.export({ what, kind });
}

async function chooseKind(): Promise<ExportKind | undefined> {
  const items = exportKinds.map((form) => ({ form, label: vscode.l10n.t(exportLabels[form]) }));
  const chosen = await vscode.window.showQuickPick(items, { title: vscode.l10n.t("Export") });
  return chosen?.form;
}
