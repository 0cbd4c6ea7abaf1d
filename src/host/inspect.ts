import * as vscode from "vscode";
import { toReport } from "../core/errors";
import type { CharOffset } from "../core/token";
import type { Engine } from "../engine/engine";
import type { ModelSource } from "../protocol/engineContract";
import type { DocumentRange } from "../protocol/viewContract";
import type { InspectionResult, InspectWhat } from "./api";
import { documentText, type LastEditor } from "./editorText";
import type { InspectionRequest } from "./inspection";
import type { InspectorPanel } from "./inspectorPanel";
import type { Inspectors } from "./inspectors";
import type { Models } from "./models";
import { noInspection } from "./errors";
import { parseState } from "./parseView";
import { partAround } from "./partAround";
import { withLateProgress } from "./progress";
import type { Remedy, Reporter } from "./report";
import { modelSetting, tokenLimit } from "./settings";
import {
  charactersAround,
  MOST_CHARACTERS,
  rangeToInspect,
  readText,
  textToInspect,
  type Selected,
  type TextToInspect,
} from "./textToInspect";
import { findText } from "./trackRange";

/** Starts inspections: from a command, from the API, again, of a part, and after a reload. */
export class Inspector {
  constructor(
    private readonly engine: Engine,
    private readonly models: Models,
    private readonly inspectors: Inspectors,
    private readonly lastEditor: LastEditor,
    private readonly reporter: Reporter,
  ) {}

  /** The command: what is selected, or the paragraph at the cursor. `hint` is what a menu hands over. */
  inspect(hint?: unknown): Promise<InspectionResult> {
    return this.#reported(async () => {
      const { document, selected } = this.lastEditor.source(hint);
      return this.#inspectIn(document, selected);
    });
  }

  /** The API. */
  inspectThis(what: InspectWhat | undefined): Promise<InspectionResult> {
    const { text, uri } = what ?? {};
    if (text !== undefined) {
      return this.#reported(async () => this.#run(await this.#chosenModel(), { text, cursor: text.length }));
    }
    if (!uri) return this.inspect();
    return this.#reported(async () => {
      const document = await vscode.workspace.openTextDocument(uri);
      const start = what?.start ?? 0;
      const end = what?.end ?? documentText(document).nChars;
      return this.#inspectIn(document, { start, end, cursor: end });
    });
  }

  /** The same place again, as its document reads now; the same text where there is no document. */
  runAgain(inspector = this.inspectors.active): Promise<InspectionResult> {
    return this.#reported(async () => {
      const state = inspector?.session.state;
      if (!inspector || !state || state.status === "empty") throw noInspection();
      const { request } = state;
      const document = openDocument(request.document?.uri);
      if (!document || !request.document) return this.#start(inspector, request);
      const { text, document: place } = readText(
        documentText(document),
        request.document,
        request.document.end,
      );
      return this.#start(inspector, { ...request, text, document: place });
    });
  }

  /** The same text with another model. */
  changeModel(model: ModelSource): Promise<InspectionResult> {
    return this.#reported(async () => {
      const inspector = this.inspectors.active;
      const state = inspector?.session.state;
      if (!inspector || !state || state.status === "empty") return { outcome: "cancelled" };
      return this.#start(inspector, { ...state.request, model });
    });
  }

  /** A panel that came back with the window shows the same text again; state of another version starts afresh. */
  async restore(panel: vscode.WebviewPanel, kept: unknown): Promise<void> {
    const inspector = this.inspectors.adopt(panel);
    const state = parseState(kept);
    if (!state) {
      if (kept !== undefined)
        this.reporter.log.info("The inspector's kept state is of another version: it starts afresh.");
      return;
    }
    const { modelId, text, targetText, document } = state.request;
    if (state.selection) inspector.session.select(state.selection);
    try {
      const { source: model } = await this.models.find(modelId);
      const request = { model, text, targetText, document: document && placeNow(document, text) };
      const result = await inspector.session.inspection.start({ ...request, tokenLimit: tokenLimit() });
      if (result.error) this.reporter.record(result.error);
      this.#checkPlace(inspector);
    } catch (error) {
      this.reporter.show(error);
    }
  }

  async #inspectIn(document: vscode.TextDocument, selected: Selected): Promise<InspectionResult> {
    const around = () => this.#inspectPart(document, selected);
    const here = await this.#orOffer(around, async () => textToInspect(documentText(document), selected));
    return "outcome" in here ? here : this.#run(await this.#chosenModel(), here, around);
  }

  /** What the model reads around the cursor, of a selection that is too long for it. */
  async #inspectPart(
    document: vscode.TextDocument | undefined,
    selected: Selected,
    text?: string,
  ): Promise<InspectionResult> {
    const model = await this.#chosenModel();
    const here = document ? longestAround(document, selected) : { text: text ?? "", cursor: selected.cursor };
    const controller = new AbortController();
    const { signal } = controller;
    const part = await withLateProgress(
      vscode.l10n.t("Finding the part that {0} can read", model.name),
      () => controller.abort(),
      async () => {
        const { model: summary } = await this.engine.load({ model }, { signal });
        const limit = Math.min(summary.context ?? Infinity, tokenLimit() ?? Infinity);
        return partAround(here.text, here.cursor, limit, (piece) =>
          this.engine.tokenize({ model, text: piece }, { signal }),
        );
      },
    );
    return this.#run(model, {
      text: here.text.slice(part.start, part.end),
      cursor: here.cursor - part.start,
      ...("document" in here && { document: shifted(here.document, part) }),
    });
  }

  async #run(
    model: ModelSource,
    { text, document, cursor }: Omit<TextToInspect, "document"> & { document?: DocumentRange },
    around = () => this.#inspectPart(undefined, { start: 0, end: text.length, cursor }, text),
  ): Promise<InspectionResult> {
    return this.#start(this.inspectors.show(), { model, text, ...(document && { document }) }, around);
  }

  async #start(inspector: InspectorPanel, request: InspectionRequest, around?: () => Promise<unknown>) {
    const { inspection } = inspector.session;
    inspector.panel.title = titleOf(request);
    const result = await withLateProgress(
      vscode.l10n.t("Inspecting attention with {0}", request.model.name),
      () => inspection.cancel(),
      async (progress) => {
        const stop = inspection.onDidChange((state) => {
          if (state.status === "running") progress.stage(state.stage);
        });
        return inspection.start({ ...request, tokenLimit: tokenLimit() }).finally(stop);
      },
    );
    if (result.error) this.reporter.show(result.error, ...remediesFor(result.error.code, around));
    if (result.run) this.#log(result.run);
    return result;
  }

  #log({ model, tokens, backend, durations }: NonNullable<InspectionResult["run"]>): void {
    const threads = backend.threads ? ` x ${backend.threads}` : "";
    const times = Object.entries(durations).map(([name, ms]) => `${name} ${ms.toFixed(0)}`);
    this.reporter.log.info(
      `${model.id}: ${tokens.length} tokens on ${backend.name}${threads}; ${times.join(", ")}`,
    );
  }

  #checkPlace({ session }: InspectorPanel): void {
    const { state } = session;
    const uri = state.status === "empty" ? undefined : state.request.document?.uri;
    const document = openDocument(uri);
    if (document) session.inspection.documentChanged(documentText(document), []);
  }

  async #chosenModel(): Promise<ModelSource> {
    return (await this.models.find(modelSetting())).source;
  }

  async #orOffer<T>(around: () => Promise<unknown>, work: () => Promise<T>): Promise<T | InspectionResult> {
    try {
      return await work();
    } catch (error) {
      const report = toReport(error);
      return { outcome: "failed", error: this.reporter.show(error, ...remediesFor(report.code, around)) };
    }
  }

  async #reported(work: () => Promise<InspectionResult>): Promise<InspectionResult> {
    try {
      return await work();
    } catch (error) {
      const report = this.reporter.show(error);
      return report.code === "cancelled" ? { outcome: "cancelled" } : { outcome: "failed", error: report };
    }
  }
}

function remediesFor(code: string, around: (() => Promise<unknown>) | undefined): Remedy[] {
  if (code === "too-many-tokens" || code === "too-much-text") {
    return around ? [{ title: vscode.l10n.t("Inspect the part around the cursor"), run: around }] : [];
  }
  if (code === "unknown-model" || code === "no-models") {
    const command = "headlight.chooseModel";
    return [{ title: vscode.l10n.t("Choose Model"), run: () => vscode.commands.executeCommand(command) }];
  }
  return [];
}

function openDocument(uri: string | undefined): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri);
}

/** Where a kept range is in its document today, as far as that is open and still says it. */
function placeNow(place: DocumentRange, text: string): DocumentRange {
  const document = openDocument(place.uri);
  return (document && findText(documentText(document), place, text)) ?? place;
}

function longestAround(document: vscode.TextDocument, selected: Selected): TextToInspect {
  const source = documentText(document);
  const range = charactersAround(rangeToInspect(source, selected), selected.cursor, MOST_CHARACTERS);
  return readText(source, range, selected.cursor);
}

function shifted(range: DocumentRange, part: { start: CharOffset; end: CharOffset }): DocumentRange {
  return { ...range, start: range.start + part.start, end: range.start + part.end };
}

function titleOf({ document }: InspectionRequest): string {
  const name = document && vscode.Uri.parse(document.uri).path.split("/").at(-1);
  return name ? vscode.l10n.t("Attention: {0}", name) : vscode.l10n.t("Attention");
}
