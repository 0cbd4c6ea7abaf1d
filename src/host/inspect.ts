import * as vscode from "vscode";
import { CANCELLED, toReport } from "../core/errors";
import type { RunSummary } from "../core/run";
import type { CharOffset } from "../core/token";
import { MOST_WINDOWED_TOKENS } from "../core/windows";
import type { Engine } from "../engine/engine";
import type { ModelEntry } from "../model/entry";
import type { ModelSource } from "../protocol/engineContract";
import type { DocumentRange, GenerateMessage } from "../protocol/viewContract";
import type { InspectionResult, InspectWhat } from "./api";
import { documentText, type LastEditor, type Source } from "./editorText";
import type { InspectionRequest } from "./inspection";
import type { InspectorPanel } from "./inspectorPanel";
import type { Inspectors } from "./inspectors";
import type { Models } from "./models";
import { noInspection } from "./errors";
import { parseState } from "./parseState";
import { openDocument, placeNow } from "./openDocument";
import { partAround } from "./partAround";
import { withLateProgress } from "./progress";
import type { Remedy, Reporter } from "./report";
import { modelSetting, tokenLimit } from "./settings";
import {
  charactersAround,
  checkText,
  MOST_CHARACTERS,
  rangeToInspect,
  readText,
  textToInspect,
  type Selected,
  type TextToInspect,
} from "./textToInspect";

/** Whether a failure is shown and a long wait announced ("aloud"), or only logged: what nobody asked for stays quiet. */
type Voice = "aloud" | "quiet";

/** Filled in while an inspection is prepared: how a failure that is met then could be got around. */
interface WayOut {
  around?: (inWindows: boolean) => Promise<unknown>;
}

/** A text that may be too long, and where in it a person is. */
type LongText = Omit<TextToInspect, "document"> & { readonly document?: DocumentRange };

/** Starts inspections: from a command, from the API, again, of a part, by following, and after a reload. */
export class Inspector {
  constructor(
    private readonly engine: Engine,
    private readonly models: Models,
    private readonly inspectors: Inspectors,
    private readonly lastEditor: LastEditor,
    private readonly reporter: Reporter,
  ) {}

  /** The command: what is selected, or the paragraph at the cursor. `hint` is what a menu hands over. */
  inspect(hint?: unknown, voice: Voice = "aloud"): Promise<InspectionResult> {
    return this.#reported(voice, async (wayOut) => {
      const { document, selected } = this.lastEditor.source(hint);
      return this.#inspectIn(document, selected, wayOut, {}, voice);
    });
  }

  /** What inspecting a selection asks of the engine. Throws where there is nothing to read. */
  async requestFor(
    { document, selected }: Source,
    how: Pick<InspectionRequest, "targetText" | "generate"> = {},
  ): Promise<InspectionRequest> {
    const { text, document: place } = textToInspect(documentText(document), selected);
    const { source: model } = await this.#chosenModel();
    return { model, text, document: place, tokenLimit: tokenLimit(), ...how };
  }

  /** A request made by `requestFor`, in the inspector. */
  inspectRequest(request: InspectionRequest): Promise<InspectionResult> {
    return this.#reported("aloud", (wayOut) => {
      wayOut.around = (inWindows) => this.#inspectPart({ ...request, cursor: 0 }, inWindows);
      return this.#start(this.inspectors.show(), request);
    });
  }

  /** The same request on what its document says now; `part`: only as much around its beginning as the model reads. */
  async requestAgain(request: InspectionRequest, part = false): Promise<InspectionRequest> {
    const now = { ...request, ...textNow(request) };
    return part ? this.#partOf({ ...now, cursor: 0 }, now.model) : now;
  }

  /** The API. */
  inspectThis(what: InspectWhat | undefined): Promise<InspectionResult> {
    const { text, uri } = what ?? {};
    if (text === undefined && !uri) return this.inspect();
    const { targetText = "", continueBy } = what ?? {};
    const generate = continueBy === undefined ? undefined : { nTokens: continueBy };
    return this.#reported("aloud", async (wayOut) => {
      if (text !== undefined) {
        checkText(text);
        wayOut.around = (inWindows) => this.#inspectPart({ text, cursor: text.length }, inWindows);
        const { source: model } = await this.#chosenModel();
        return this.#start(this.inspectors.show(), { model, text, targetText, generate });
      }
      const document = await vscode.workspace.openTextDocument(uri!);
      const { nChars } = documentText(document);
      const [start, end] = [what?.start ?? 0, what?.end ?? nChars].map((at) =>
        Math.min(Math.max(at, 0), nChars),
      );
      const selected = { start: start!, end: end!, cursor: end! };
      return this.#inspectIn(document, selected, wayOut, { targetText, generate });
    });
  }

  /** The same place again, as its document reads now; the same text where there is no document. */
  runAgain(inspector = this.inspectors.active, voice: Voice = "aloud"): Promise<InspectionResult> {
    return this.#reported(voice, async (wayOut) => {
      const state = inspector?.session.state;
      if (!inspector || !state || state.status === "empty") throw noInspection();
      const { request } = state;
      const document = openDocument(request.document?.uri);
      if (!document || !request.document) return this.#start(inspector, request, voice);
      const { start, end } = request.document;
      const selected = { start, end, cursor: end };
      wayOut.around = (inWindows) => this.#inspectPart(longestAround(document, selected), inWindows);
      const { text, document: place } = textToInspect(documentText(document), selected);
      return this.#start(inspector, { ...request, text, document: place }, voice);
    });
  }

  /** The same text with another model; nothing where nothing is inspected. */
  changeModel(model: ModelSource): Promise<InspectionResult> {
    return this.#reported("aloud", async () => {
      const inspector = this.inspectors.active;
      const state = inspector?.session.state;
      if (!inspector || !state || state.status === "empty") return { outcome: "cancelled" };
      return this.#start(inspector, { ...state.request, model, generate: undefined });
    });
  }

  /** The shown text again: continued by so many tokens, or with another target. What is shown stays where that is refused. */
  generate({ nTokens, targetText }: GenerateMessage, inspector = this.inspectors.active) {
    return this.#reported("aloud", async () => {
      const state = inspector?.session.state;
      if (!inspector || !state || state.status === "empty") throw noInspection();
      const generate = nTokens === undefined ? undefined : { nTokens };
      return this.#start(inspector, { ...state.request, generate, targetText });
    });
  }

  /** A panel that came back with the window shows the same text again; state of another version starts afresh. */
  async restore(panel: vscode.WebviewPanel, kept: unknown): Promise<void> {
    const inspector = this.inspectors.adopt(panel);
    const state = parseState(kept);
    if (!state) {
      if (kept) this.reporter.log.info("The inspector's kept state is of another version: it starts afresh.");
      return;
    }
    const { modelId, text, targetText, continueBy, inWindows, document } = state.request;
    const generate = continueBy === undefined ? undefined : { nTokens: continueBy };
    if (state.selection) inspector.session.select(state.selection);
    await this.#reported("aloud", async () => {
      const { source: model } = await this.models.find(modelId);
      const place = document && placeNow(document, text);
      const result = await this.#start(
        inspector,
        { model, text, targetText, generate, inWindows, document: place },
        "quiet",
      );
      const now = openDocument(document?.uri);
      if (now) inspector.session.inspection.documentChanged(documentText(now), []);
      return result;
    });
  }

  async #inspectIn(
    document: vscode.TextDocument,
    selected: Selected,
    wayOut: WayOut,
    how: Pick<InspectionRequest, "targetText" | "generate">,
    voice: Voice = "aloud",
  ): Promise<InspectionResult> {
    wayOut.around = (inWindows) => this.#inspectPart(longestAround(document, selected), inWindows);
    const request = await this.requestFor({ document, selected }, how);
    return this.#start(this.inspectors.show(), request, voice);
  }

  /** Of a text that is too long: what the model reads around the cursor, at once or in windows. */
  #inspectPart({ text, cursor, document }: LongText, inWindows: boolean) {
    return this.#reported("aloud", async () => {
      const { source: model } = await this.#chosenModel();
      const request = await this.#partOf({ text, cursor, document }, model, inWindows);
      return this.#start(this.inspectors.show(), request);
    });
  }

  async #partOf(
    { text, cursor, document }: LongText,
    model: ModelSource,
    inWindows = false,
  ): Promise<InspectionRequest> {
    const controller = new AbortController();
    const { signal } = controller;
    const part = await withLateProgress(
      vscode.l10n.t("Finding the part that {0} can read", model.name),
      () => controller.abort(),
      async () => {
        const { model: summary } = await this.engine.load({ model }, { signal });
        const read = Math.min(summary.context ?? Infinity, tokenLimit() ?? Infinity);
        const limit = inWindows ? Math.max(read, MOST_WINDOWED_TOKENS) : read;
        return partAround(text, cursor, limit, (piece) =>
          this.engine.tokenize({ model, text: piece }, { signal }),
        );
      },
    );
    const place = document && { document: shifted(document, part) };
    return { model, text: text.slice(part.start, part.end), ...place, ...(inWindows && { inWindows }) };
  }

  async #start(inspector: InspectorPanel, request: InspectionRequest, voice: Voice = "aloud") {
    const { inspection } = inspector.session;
    const title = titleOf(request);
    if (inspector.panel.title !== title) inspector.panel.title = title;
    const start = () => inspection.start({ ...request, tokenLimit: tokenLimit() });
    const result =
      voice === "quiet"
        ? await start()
        : await withLateProgress(
            vscode.l10n.t("Inspecting attention with {0}", request.model.name),
            () => inspection.cancel(),
            async (progress) => {
              const stop = inspection.onDidChange((state) => {
                if (state.status === "running") progress.stage(state.stage);
              });
              return start().finally(stop);
            },
          );
    if (result.run) this.#log(result.run);
    return result;
  }

  #log({ model, tokens, backend, durations }: RunSummary): void {
    const threads = backend.threads ? ` x ${backend.threads}` : "";
    const times = Object.entries(durations).map(([name, ms]) => `${name} ${ms.toFixed(0)}`);
    this.reporter.log.info(
      `${model.id}: ${tokens.length} tokens on ${backend.name}${threads}; ${times.join(", ")}`,
    );
  }

  #chosenModel(): Promise<ModelEntry> {
    return this.models.find(modelSetting());
  }

  /** Every failure on the way, thrown or returned, is reported here and nowhere else. */
  async #reported(
    voice: Voice,
    work: (wayOut: WayOut) => Promise<InspectionResult>,
  ): Promise<InspectionResult> {
    const wayOut: WayOut = {};
    const result = await work(wayOut).catch((error: unknown): InspectionResult => {
      const report = toReport(error);
      return report.code === CANCELLED ? { outcome: "cancelled" } : { outcome: "failed", error: report };
    });
    if (!result.error) return result;
    if (voice === "quiet") this.reporter.record(result.error);
    else this.reporter.show(result.error, ...remediesFor(result.error.code, wayOut.around));
    return result;
  }
}

function remediesFor(code: string, around: WayOut["around"]): Remedy[] {
  if (code === "too-many-tokens" || code === "too-much-text") {
    if (!around) return [];
    return [
      { title: vscode.l10n.t("Inspect the part around the cursor"), run: () => around(false) },
      { title: vscode.l10n.t("Inspect in windows"), run: () => around(true) },
    ];
  }
  if (code === "unknown-model" || code === "no-models") {
    const command = "headlight.chooseModel";
    return [{ title: vscode.l10n.t("Choose Model"), run: () => vscode.commands.executeCommand(command) }];
  }
  return [];
}

/** What an open document says now where the request's text was; throws where that is nothing to inspect. */
function textNow({ document: place }: InspectionRequest): Partial<InspectionRequest> {
  const document = openDocument(place?.uri);
  if (!document || !place) return {};
  const { start, end } = place;
  const { text, document: now } = textToInspect(documentText(document), { start, end, cursor: end });
  return { text, document: now };
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
