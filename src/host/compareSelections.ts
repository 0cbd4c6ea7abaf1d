import * as vscode from "vscode";
import type { LastEditor } from "./editorText";
import type { Inspector } from "./inspect";
import type { Inspectors } from "./inspectors";
import type { ComparedPins } from "./pins";
import { HEADS_VIEW } from "./sidePanel";

/**
 * Two selections become A and B: the first is inspected as ever, the second runs beside it, and the side panel shows
 * the comparison of the chosen head, or of the mean of all heads where none was chosen yet.
 */
export async function compareSelections(
  inspector: Inspector,
  inspectors: Inspectors,
  lastEditor: LastEditor,
  pins: ComparedPins,
): Promise<void> {
  const [first, second] = lastEditor.twoSources();
  const requests = [await inspector.requestFor(first), await inspector.requestFor(second)] as const;
  const choice = inspectors.active?.session.selection?.choice;
  pins.clear();
  await vscode.commands.executeCommand(`${HEADS_VIEW}.focus`);
  const running = pins.run("b", requests[1]);
  if (choice) pins.choose("b", choice);
  const { session } = inspectors.show();
  const { outcome } = await inspector.inspectRequest(requests[0]);
  if (outcome === "cancelled") pins.cancel();
  else pins.pin("a", session.inspection, choice);
  await running;
}
