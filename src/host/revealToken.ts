import * as vscode from "vscode";
import { hasSpan } from "../core/token";
import { documentText, rangeOf } from "./editorText";
import { documentGone, staleText } from "./errors";
import type { ShownState } from "./inspection";
import { stillSays } from "./trackRange";

/**
 * Brings a token of a run into view where its text is written, without taking the focus or moving the cursor. Nothing
 * where the token stands for no place; throws where its document is gone or says something else.
 */
export async function revealTokenOf(
  { run, request, stale }: ShownState,
  { side, index }: { side: "source" | "target"; index: number },
): Promise<void> {
  const token = run.tokens[index];
  const place = request.document;
  if (side !== "source" || !token || !hasSpan(token) || !place) return;
  if (stale) throw staleText();
  const uri = vscode.Uri.parse(place.uri, true);
  const isOpen = vscode.workspace.textDocuments.some((document) => document.uri.toString() === place.uri);
  // Shown again, an untitled document that was closed would be another, empty one.
  if (!isOpen && uri.scheme === "untitled") throw documentGone();
  const editor = await editorOf(uri);
  if (!stillSays(documentText(editor.document), place, request.text)) throw staleText();
  const range = rangeOf(editor.document, { start: place.start + token.start, end: place.start + token.end });
  editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

async function editorOf(uri: vscode.Uri): Promise<vscode.TextEditor> {
  const visible = visibleEditor(uri);
  if (visible) return visible;
  await revealCell(uri);
  const viewColumn = columnOf(uri) ?? vscode.ViewColumn.One;
  return visibleEditor(uri) ?? vscode.window.showTextDocument(uri, { viewColumn, preserveFocus: true });
}

function visibleEditor(uri: vscode.Uri): vscode.TextEditor | undefined {
  return vscode.window.visibleTextEditors.find((editor) => editor.document.uri.toString() === uri.toString());
}

/** A cell's editor exists only while the cell is in view. */
async function revealCell(uri: vscode.Uri): Promise<void> {
  for (const editor of vscode.window.visibleNotebookEditors) {
    const cell = editor.notebook.getCells().find((each) => each.document.uri.toString() === uri.toString());
    if (!cell) continue;
    editor.revealRange(new vscode.NotebookRange(cell.index, cell.index + 1));
    return;
  }
}

/** The group whose tab holds the document, so that a hidden editor comes back where it was. */
function columnOf(uri: vscode.Uri): vscode.ViewColumn | undefined {
  for (const group of vscode.window.tabGroups.all) {
    for (const { input } of group.tabs) {
      const shown = input instanceof vscode.TabInputText && input.uri.toString() === uri.toString();
      if (shown) return group.viewColumn;
    }
  }
  return undefined;
}
