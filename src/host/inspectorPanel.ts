import * as vscode from "vscode";
import type { InspectorSelection, PageCommand, ViewContract, ViewEvents } from "../protocol/viewContract";
import type { InspectionState } from "./inspection";
import { PageConnection, type Lending } from "./pageConnection";
import type { Reporter } from "./report";
import { localContent } from "./localContent";
import type { Session } from "./session";
import { viewSettings } from "./settings";
import { viewMethods, type ViewActions } from "./viewMethods";

export const INSPECTOR_VIEW = "headlight.inspector";

/** The stages of a run that is over sooner are not told: each message would take time from it. */
const STAGE_MS = 300;

/** What the panel leaves to others. */
export type PanelActions = Pick<
  ViewActions,
  "revealToken" | "runAgain" | "generate" | "scoringRuns" | "save" | "exportFailed" | "exportPage"
>;

/** The webview of one session: its page comes and goes with visibility, the session stays. */
export class InspectorPanel {
  readonly #page: PageConnection<ViewContract, ViewEvents>;
  /** The selection the page is known to have, so that its own choice is not sent back to it. */
  #pageSelection: InspectorSelection | undefined;
  #pageState: InspectionState | undefined;
  #stageTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #subscriptions: vscode.Disposable[] = [];

  constructor(
    readonly panel: vscode.WebviewPanel,
    readonly session: Session,
    extensionUri: vscode.Uri,
    private readonly reporter: Reporter,
    private readonly actions: PanelActions,
    lending?: Lending,
  ) {
    panel.iconPath = {
      light: vscode.Uri.joinPath(extensionUri, "media", "inspector-light.svg"),
      dark: vscode.Uri.joinPath(extensionUri, "media", "inspector-dark.svg"),
    };
    this.#page = new PageConnection<ViewContract, ViewEvents>(
      panel.webview,
      extensionUri,
      "inspector",
      reporter,
      () => this.#methods(),
      lending,
    );
    this.#subscriptions.push(this.#page, { dispose: session.onDidChange((_, what) => this.#follow(what)) });
    // VS Code takes a hidden page away, unless the panel was made to keep it.
    if (!panel.options.retainContextWhenHidden) {
      this.#subscriptions.push(panel.onDidChangeViewState(() => this.#page.follow(panel.visible)));
    }
    panel.onDidDispose(() => this.#dispose());
  }

  /** Loads the page anew, as one that engines may run in or one that they may not. */
  lend(lending: Lending | undefined): void {
    this.#page.load(lending);
  }

  command(name: PageCommand): void {
    this.#page.emit("command", { name });
  }

  sendSettings(): void {
    this.#page.emit("settings", viewSettings());
  }

  #methods() {
    const methods = viewMethods(this.session, {
      ...this.actions,
      ready: () => this.#ready(),
      failed: (error) => this.reporter.record(error),
    });
    const select = methods.select;
    methods.select = (selection, call) => {
      this.#pageSelection = selection;
      return select(selection, call);
    };
    return methods;
  }

  /** The session knows better than what a page kept; that was read when the window came back. */
  async #ready() {
    const { state, selection } = this.session;
    this.#pageState = state;
    this.#pageSelection = selection;
    return { content: localContent(state), ...(selection && { selection }), settings: viewSettings() };
  }

  #follow(what: "state" | "selection"): void {
    const { state, selection } = this.session;
    if (what === "state" && looksDifferent(state, this.#pageState)) {
      const isNew = state.status === "shown" && this.#pageState?.status !== "shown";
      this.#pageState = state;
      this.#page.emit("content", { ...localContent(state), ...(isNew && { ahead: state.ahead }) });
    }
    if (state.status === "running") this.#stageTimer ??= setTimeout(() => this.#tellStage(), STAGE_MS);
    const before = this.#pageSelection;
    if (selection && !same(selection, before)) {
      this.#pageSelection = selection;
      const { query } = selection;
      const onlyQuery = before && same(selection, { ...before, query });
      if (onlyQuery) this.#page.emit("query", { query });
      else this.#page.emit("selection", selection);
    }
  }

  #tellStage(): void {
    this.#stageTimer = undefined;
    const { state } = this.session;
    if (state.status === "running" && state.stage) this.#page.emit("content", localContent(state));
  }

  #dispose(): void {
    clearTimeout(this.#stageTimer);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}

function same(a: InspectorSelection, b: InspectorSelection | undefined): boolean {
  return (
    a.view === b?.view &&
    a.measure === b.measure &&
    a.query === b.query &&
    a.choice.block === b.choice.block &&
    a.choice.layer === b.choice.layer &&
    a.choice.head === b.choice.head
  );
}

/** Whether a page would show two states differently: a summary is not sent again because its text moved. */
function looksDifferent(a: InspectionState, b: InspectionState | undefined): boolean {
  if (a.status !== b?.status) return true;
  if (a.status === "running" && b.status === "running") {
    return a.request.text !== b.request.text;
  }
  if (a.status === "shown" && b.status === "shown") return a.run !== b.run || a.stale !== b.stale;
  return a.status === "failed" && b.status === "failed" && a.error !== b.error;
}
