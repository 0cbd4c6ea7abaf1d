import * as vscode from "vscode";

/** Read-only documents for what is too long for a message; nothing asks to save them. */
export class ReportDocuments implements vscode.TextDocumentContentProvider {
  readonly #registration: vscode.Disposable;
  readonly #texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;

  /** "md" is shown as it reads, not as it is written. */
  constructor(
    private readonly scheme = "headlight-report",
    private readonly ending: "txt" | "md" = "txt",
  ) {
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(scheme, this);
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.path) ?? "";
  }

  /** Shows a text under a title; a newer one of the same title takes its place. */
  async show(title: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({
      scheme: this.scheme,
      path: `/${title.replace(/[/\\]/g, "-")}.${this.ending}`,
    });
    this.#texts.set(uri.path, text);
    this.#changed.fire(uri);
    if (this.ending === "md") {
      await vscode.commands.executeCommand("markdown.showPreview", uri);
      return;
    }
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}
