import * as vscode from "vscode";
import type { HeadlightApi, InspectionSnapshot } from "../../../src/host/api";

/** What `activate` returned. */
export async function headlight(): Promise<HeadlightApi> {
  const extension = vscode.extensions.getExtension<HeadlightApi>("headlight.headlight");
  if (!extension) throw new Error("The extension headlight.headlight is not installed.");
  return extension.activate();
}

/** Opens a text in an untitled document, ready to be selected. */
export async function openText(content: string, language = "plaintext"): Promise<vscode.TextEditor> {
  const document = await vscode.workspace.openTextDocument({ content, language });
  return vscode.window.showTextDocument(document, vscode.ViewColumn.One);
}

export async function openSample(name: string): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(sampleUri(name), { viewColumn: vscode.ViewColumn.One });
}

export function sampleUri(name: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!folder) throw new Error("The suite runs in a folder of samples, but VS Code opened none.");
  return vscode.Uri.joinPath(folder.uri, name);
}

export function select(editor: vscode.TextEditor, start: number, end: number): void {
  const { document } = editor;
  editor.selection = new vscode.Selection(document.positionAt(start), document.positionAt(end));
}

/** Runs the command as the palette does, and gives what is shown afterwards. */
export async function inspect(): Promise<InspectionSnapshot> {
  await vscode.commands.executeCommand("headlight.inspect");
  return (await headlight()).current();
}

/** Waits for the first snapshot that satisfies; the test's own time limit is the limit. */
export async function until(
  satisfies: (snapshot: InspectionSnapshot) => boolean,
): Promise<InspectionSnapshot> {
  const api = await headlight();
  if (satisfies(api.current())) return api.current();
  return new Promise((resolve) => {
    const listening = api.onDidChange((snapshot) => {
      if (!satisfies(snapshot)) return;
      listening.dispose();
      resolve(snapshot);
    });
  });
}

/** Closes every editor and inspector without asking to save. */
export async function closeAll(): Promise<void> {
  for (const { document } of vscode.window.visibleTextEditors) {
    if (!document.isDirty) continue;
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  }
  await vscode.commands.executeCommand("workbench.action.closeAllEditors");
}

/** Sets a person's own setting; undefined takes it back. */
export async function setting(name: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration("headlight").update(name, value, vscode.ConfigurationTarget.Global);
}
