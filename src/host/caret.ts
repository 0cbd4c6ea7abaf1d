import type * as vscode from "vscode";
import { tokensAt } from "./hoverContent";
import type { ShownState } from "./inspection";

/** The token the caret stands in (or right behind, at the end of the text), where it is in inspected text that is not stale. */
export function caretToken(
  shown: ShownState | undefined,
  document: vscode.TextDocument,
  selections: readonly vscode.Selection[],
): number | undefined {
  const place = shown?.request.document;
  const [selection] = selections;
  if (!shown || shown.stale || place?.uri !== document.uri.toString()) return undefined;
  if (!selection?.isEmpty || selections.length > 1) return undefined;
  const offset = document.offsetAt(selection.active) - place.start;
  const { tokens } = shown.run;
  return tokensAt(tokens, offset)[0] ?? tokensAt(tokens, offset - 1)[0];
}
