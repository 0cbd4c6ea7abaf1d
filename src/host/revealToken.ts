import * as vscode from "vscode";
import { hasSpan, type Token } from "../core/token";
import type { DocumentRange } from "../protocol/viewContract";
import { rangeOf } from "./editorText";

/** Brings a token into view where its text is written, without taking the focus or moving the cursor. */
export async function revealToken(place: DocumentRange, token: Token): Promise<void> {
  if (!hasSpan(token)) return;
  const editor = await editorOf(vscode.Uri.parse(place.uri, true));
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
