import * as vscode from "vscode";
import { cancelled } from "../core/errors";
import type { ModelEntry } from "../model/entry";

/** The decoder's side of an encoder-decoder, as the card's sample has it until a person says otherwise; empty for other models. */
export async function askTarget({ summary, card }: ModelEntry, text: string): Promise<string> {
  if (summary.kind !== "encoder-decoder") return "";
  const target = await vscode.window.showInputBox({
    title: summary.name,
    prompt: vscode.l10n.t("Target text: what the decoder has written so far"),
    placeHolder: vscode.l10n.t("Empty: only the decoder's start"),
    value: card?.samples.find((sample) => sample.text === text.trim())?.targetText ?? "",
  });
  if (target === undefined) throw cancelled();
  return target;
}
