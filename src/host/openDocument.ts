import * as vscode from "vscode";
import type { DocumentRange } from "../protocol/viewContract";
import { documentText } from "./editorText";
import { findText } from "./trackRange";

export function openDocument(uri: string | undefined): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri);
}

/** Where a kept range is in its document today, as far as that is open and still says it. */
export function placeNow(place: DocumentRange, text: string): DocumentRange {
  const document = openDocument(place.uri);
  return (document && findText(documentText(document), place, text)) ?? place;
}
