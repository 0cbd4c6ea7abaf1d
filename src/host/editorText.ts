import * as vscode from "vscode";
import type { DocumentText } from "./documentText";
import { noEditor, notTwoSelections } from "./errors";
import type { Selected } from "./textToInspect";
import type { Edit } from "./trackRange";

/** A document of the editor by offsets; nothing of its text is copied until it is asked for. */
export function documentText(document: vscode.TextDocument): DocumentText {
  return {
    uri: document.uri.toString(),
    version: document.version,
    lineCount: document.lineCount,
    get nChars() {
      return document.offsetAt(document.lineAt(document.lineCount - 1).range.end);
    },
    slice: (start, end) => document.getText(rangeOf(document, { start, end })),
    lineAt: (offset) => document.positionAt(offset).line,
    lineStart: (line) => document.offsetAt(new vscode.Position(line, 0)),
    lineEnd: (line) => document.offsetAt(document.lineAt(line).range.end),
    isBlank: (line) => document.lineAt(line).isEmptyOrWhitespace,
  };
}

export function rangeOf(
  document: vscode.TextDocument,
  { start, end }: { start: number; end: number },
): vscode.Range {
  return new vscode.Range(document.positionAt(start), document.positionAt(end));
}

export function editsOf(event: vscode.TextDocumentChangeEvent): Edit[] {
  return event.contentChanges.map((change) => ({
    offset: change.rangeOffset,
    length: change.rangeLength,
    insertedLength: change.text.length,
  }));
}

export function selectedOf(document: vscode.TextDocument, selection: vscode.Selection): Selected {
  return {
    start: document.offsetAt(selection.start),
    end: document.offsetAt(selection.end),
    cursor: document.offsetAt(selection.active),
  };
}

export interface Source {
  readonly document: vscode.TextDocument;
  readonly selected: Selected;
}

/** Remembers the text editor a person was last in: a command may come while a webview has the focus. */
export class LastEditor implements vscode.Disposable {
  #editor = vscode.window.activeTextEditor;
  readonly #subscription = vscode.window.onDidChangeActiveTextEditor((editor) => {
    if (editor) this.#editor = editor;
  });

  /**
   * What a command means: the editor with the focus; the selected cell of a notebook; else the editor last used,
   * while it is visible. `hint` is what a menu hands over: a resource, or a notebook cell.
   */
  source(hint?: unknown): Source {
    const cell = cellOf(hint);
    if (cell) return this.#inDocument(cell.document);
    const active = vscode.window.activeTextEditor;
    if (active && isText(active)) return inEditor(active);
    const notebook = vscode.window.activeNotebookEditor;
    if (notebook && notebook.notebook.cellCount > 0) {
      return this.#inDocument(notebook.notebook.cellAt(notebook.selection.start).document);
    }
    const last = this.#editor;
    if (last && isText(last) && vscode.window.visibleTextEditors.includes(last)) return inEditor(last);
    throw noEditor();
  }

  /** The two selections of one editor, in the order of the text; else the one of this editor and of another that is in view. */
  twoSources(): [Source, Source] {
    const active = vscode.window.activeTextEditor;
    const editor = active && isText(active) ? active : this.#editor;
    if (!editor || !vscode.window.visibleTextEditors.includes(editor)) throw noEditor();
    const own = selectedTexts(editor);
    const [first, second] = own;
    if (first && second && own.length === 2) return [first, second];
    const others = vscode.window.visibleTextEditors
      .filter((each) => each !== editor && isText(each))
      .flatMap(selectedTexts);
    const [other] = others;
    if (first && other && own.length === 1 && others.length === 1) return [first, other];
    throw notTwoSelections(own.length + (own.length < 2 ? others.length : 0));
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  /** A selection in an editor of the document, else all of it. */
  #inDocument(document: vscode.TextDocument): Source {
    const editor = vscode.window.visibleTextEditors.find((each) => each.document === document);
    if (editor && !editor.selection.isEmpty) return inEditor(editor);
    const end = documentText(document).nChars;
    return { document, selected: { start: 0, end, cursor: end } };
  }
}

function inEditor(editor: vscode.TextEditor): Source {
  return { document: editor.document, selected: selectedOf(editor.document, editor.selection) };
}

function selectedTexts({ document, selections }: vscode.TextEditor): Source[] {
  return selections
    .filter(({ isEmpty }) => !isEmpty)
    .map((selection) => ({ document, selected: selectedOf(document, selection) }))
    .sort((a, b) => a.selected.start - b.selected.start);
}

/** The output panel and inputs count as text editors too. */
function isText(editor: vscode.TextEditor): boolean {
  return editor.document.uri.scheme !== "output" && editor.document.uri.scheme !== "comment";
}

function cellOf(hint: unknown): vscode.NotebookCell | undefined {
  const cell = hint as Partial<vscode.NotebookCell> | undefined;
  return typeof cell === "object" && cell?.notebook && cell.document
    ? (cell as vscode.NotebookCell)
    : undefined;
}
