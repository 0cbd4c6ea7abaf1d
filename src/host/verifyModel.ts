import * as vscode from "vscode";
import { largestDifference, verdictOf, type Verification } from "../core/verification";
import { verificationTable } from "../core/verificationTable";
import type { Engine } from "../engine/engine";
import type { InspectRequest } from "../protocol/engineContract";
import { documentText, type LastEditor } from "./editorText";
import type { Inspectors } from "./inspectors";
import type { Models } from "./models";
import { withLateProgress } from "./progress";
import { ReportDocuments } from "./reportDocuments";
import type { Reporter } from "./report";
import { modelSetting, tokenLimit } from "./settings";
import { textToInspect } from "./textToInspect";

/** "Verify this Model": computes the weights again from q and k, in the worker, and shows how far they are from the model's. */
export class ModelVerifier {
  readonly #documents = new ReportDocuments();

  constructor(
    private readonly engine: Engine,
    private readonly models: Models,
    private readonly inspectors: Inspectors,
    private readonly lastEditor: LastEditor,
    private readonly reporter: Reporter,
  ) {}

  /** What is inspected now, else the chosen model on the text at the cursor or a sample of its card. */
  async verify(): Promise<Verification> {
    const controller = new AbortController();
    const { signal } = controller;
    const request = await this.#request();
    const result = await withLateProgress(
      vscode.l10n.t("Verifying {0}", request.model.name),
      () => controller.abort(),
      (progress) => {
        const stop = this.engine.onEvent({ progress: ({ stage }) => progress.stage(stage) });
        return this.engine.verify(request, { signal }).finally(stop);
      },
    );
    await this.#show(result);
    return result;
  }

  dispose(): void {
    this.#documents.dispose();
  }

  async #request(): Promise<InspectRequest> {
    const state = this.inspectors.active?.session.state;
    if (state && state.status !== "empty") {
      const { model, text, targetText } = state.request;
      return { model, text, targetText, tokenLimit: tokenLimit() };
    }
    const { source, card } = await this.models.find(modelSetting());
    return {
      model: source,
      text: this.#editorText() ?? card?.samples[0]?.text ?? PLAIN,
      tokenLimit: tokenLimit(),
    };
  }

  #editorText(): string | undefined {
    try {
      const { document, selected } = this.lastEditor.source();
      return textToInspect(documentText(document), selected).text;
    } catch {
      // No editor, or nothing to read in it: any text will do.
      return undefined;
    }
  }

  async #show(result: Verification): Promise<void> {
    const sentence = sentenceOf(result);
    const table = verificationTable(result, {
      block: vscode.l10n.t("block"),
      layer: vscode.l10n.t("layer"),
      rows: vscode.l10n.t("rows"),
      difference: vscode.l10n.t("largest difference"),
      output: vscode.l10n.t("weights x v"),
      remark: vscode.l10n.t("remark"),
    });
    const text = `${sentence}\n\n${table}\n${vscode.l10n.t("The weights were computed again in float64 as softmax(q·k·scale + bias + mask), of additive attention as softmax(vᵀ tanh(q + k) + mask), from the q and k that the model computed. Weights x v is the same check of what each head passed on, relative to its largest number.")}\n`;
    this.reporter.log.info(`${result.model.id}: ${sentence}\n${table}`);
    const isBad = verdictOf(result) === "differs";
    void (isBad
      ? vscode.window.showWarningMessage(sentence)
      : vscode.window.showInformationMessage(sentence));
    await this.#documents.show(vscode.l10n.t("Verification of {0}", result.model.name), text);
  }
}

/** For models without a card, where no text is at hand. */
const PLAIN = "The quick brown fox jumps over the lazy dog.";

function sentenceOf(result: Verification): string {
  const { model, nTokens, layers, notTaken } = result;
  const nMissing = layers.filter(({ missing }) => missing !== undefined).length + notTaken.length;
  const most = largestDifference(result).toExponential(1);
  const nRows = layers.reduce((sum, layer) => sum + layer.nRows, 0);
  if (nRows === 0)
    return vscode.l10n.t("{0}: no weights could be computed again; the table says why.", model.name);
  if (verdictOf(result) === "differs") {
    return vscode.l10n.t(
      "{0}: some weights differ from those computed again (largest difference {1}).",
      model.name,
      most,
    );
  }
  if (nMissing > 0) {
    return vscode.l10n.t(
      "{0}: the weights are the same when computed again (largest difference {1}, {2} tokens); {3} of its attentions could not be computed again.",
      model.name,
      most,
      nTokens,
      nMissing,
    );
  }
  return vscode.l10n.t(
    "{0}: the weights of all layers are the same when computed again (largest difference {1}, {2} tokens).",
    model.name,
    most,
    nTokens,
  );
}
