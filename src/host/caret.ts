import type { TextDocument, Selection } from "vscode";
import type { RunSummary } from "../core/run";
import type { CharOffset } from "../core/token";
import { tokensAt } from "./hoverContent";
import type { ShownState } from "./inspection";

/** The token the caret stands in, where it is in inspected text that is not stale and nothing is selected. */
export function caretToken(
  shown: ShownState | undefined,
  document: TextDocument,
  selections: readonly Selection[],
): number | undefined {
  const place = shown?.request.document;
  const [selection] = selections;
  if (!shown || shown.stale || place?.uri !== document.uri.toString()) return undefined;
  if (!selection?.isEmpty || selections.length > 1) return undefined;
  return tokenAtCaret(shown.run, document.offsetAt(selection.active) - place.start);
}

/**
 * Between two tokens a caret belongs to the one behind it, but right after a word to that word: a click on a word's
 * last letter puts the caret there, and the next token often starts with the blank.
 */
export function tokenAtCaret({ tokens, text }: Pick<RunSummary, "tokens" | "text">, offset: CharOffset) {
  const [left = "", right = ""] = [text[offset - 1], text[offset]];
  const endsWord = /\S/.test(left) && !/\S/.test(right);
  const [before] = tokensAt(tokens, offset - 1);
  const [behind] = tokensAt(tokens, offset);
  return endsWord ? (before ?? behind) : (behind ?? before);
}
