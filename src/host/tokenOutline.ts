import * as vscode from "vscode";
import { hasSpan } from "../core/token";
import { rangeOf } from "./editorText";
import type { ShownState } from "./inspection";

/** Outlines the query token in the editors that show the inspected text. */
export class TokenOutline implements vscode.Disposable {
  readonly #outline = vscode.window.createTextEditorDecorationType({
    borderWidth: "1px",
    borderStyle: "solid",
    borderColor: new vscode.ThemeColor("headlight.queryBorder"),
    overviewRulerColor: new vscode.ThemeColor("headlight.queryBorder"),
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });

  /** Nothing is outlined where the text is stale: a frame around another word would be a lie. */
  show(shown: ShownState | undefined, query: number | undefined): void {
    const place = shown?.request.document;
    const token = shown && !shown.stale && query !== undefined ? shown.run.tokens[query] : undefined;
    for (const editor of vscode.window.visibleTextEditors) {
      const here = place && token && hasSpan(token) && editor.document.uri.toString() === place.uri;
      const span = here && { start: place.start + token.start, end: place.start + token.end };
      editor.setDecorations(this.#outline, span ? [rangeOf(editor.document, span)] : []);
    }
  }

  dispose(): void {
    this.#outline.dispose();
  }
}
