import * as vscode from "vscode";
import { openChannel, type Channel } from "../protocol/channel";
import type { InspectorSelection, PageCommand, ViewContract, ViewEvents } from "../protocol/viewContract";
import { toReport } from "../core/errors";
import { closed, malformedMessage } from "./errors";
import type { InspectionState } from "./inspection";
import { inspectorHtml } from "./inspectorHtml";
import { nonce } from "./nonce";
import { isReadyCall, messageFault, PagePort } from "./pagePort";
import type { Reporter } from "./report";
import { contentOf, type Session } from "./session";
import { viewSettings } from "./settings";
import { viewMethods, type ViewActions } from "./viewMethods";

export const INSPECTOR_VIEW = "headlight.inspector";

/** What the panel leaves to others. */
export type PanelActions = Pick<ViewActions, "revealToken" | "runAgain" | "save">;

/** The webview of one session: its page comes and goes with visibility, the session stays. */
export class InspectorPanel {
  #page: { port: PagePort; channel: Channel<object, ViewEvents> } | undefined;
  /** The selection the page is known to have, so that its own choice is not sent back to it. */
  #pageSelection: InspectorSelection | undefined;
  #pageState: InspectionState | undefined;
  readonly #subscriptions: vscode.Disposable[] = [];

  constructor(
    readonly panel: vscode.WebviewPanel,
    readonly session: Session,
    extensionUri: vscode.Uri,
    private readonly reporter: Reporter,
    private readonly actions: PanelActions,
  ) {
    const pageFolder = vscode.Uri.joinPath(extensionUri, "dist", "webview");
    panel.webview.options = { enableScripts: true, localResourceRoots: [pageFolder] };
    panel.iconPath = {
      light: vscode.Uri.joinPath(extensionUri, "media", "inspector-light.svg"),
      dark: vscode.Uri.joinPath(extensionUri, "media", "inspector-dark.svg"),
    };
    this.#subscriptions.push(
      panel.webview.onDidReceiveMessage((raw: unknown) => this.#receive(raw)),
      { dispose: session.onDidChange((_, what) => this.#follow(what)) },
    );
    panel.onDidDispose(() => this.#dispose());
    panel.webview.html = inspectorHtml({
      cspSource: panel.webview.cspSource,
      nonce: nonce(),
      scriptUri: this.#uri(pageFolder, "inspector.js"),
      styleUri: this.#uri(pageFolder, "inspector.css"),
      language: vscode.env.language,
    });
  }

  command(name: PageCommand): void {
    this.#page?.channel.emit("command", { name });
  }

  sendSettings(): void {
    this.#page?.channel.emit("settings", viewSettings());
  }

  #uri(folder: vscode.Uri, file: string): string {
    return this.panel.webview.asWebviewUri(vscode.Uri.joinPath(folder, file)).toString();
  }

  #receive(raw: unknown): void {
    const fault = messageFault(raw);
    if (fault) {
      const error = toReport(malformedMessage("its form", fault.problem));
      this.reporter.record(error);
      if (fault.id !== undefined)
        void this.panel.webview.postMessage({ kind: "failure", id: fault.id, error });
      return;
    }
    if (isReadyCall(raw)) this.#connect();
    this.#page?.port.receive(raw);
  }

  /** A page said that it is there: from now on answers and events go to it, and to no older one. */
  #connect(): void {
    this.#disconnect();
    const port = new PagePort({ post: (message) => void this.panel.webview.postMessage(message) });
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
    this.#page = { port, channel: openChannel<ViewContract, object, object, ViewEvents>(port, methods) };
  }

  #disconnect(): void {
    this.#page?.port.close();
    this.#page?.channel.close(closed());
    this.#page = undefined;
  }

  /** The session knows better than what a page kept; that was read when the window came back. */
  async #ready() {
    const { state, selection } = this.session;
    this.#pageState = state;
    this.#pageSelection = selection;
    return { content: contentOf(state), ...(selection && { selection }), settings: viewSettings() };
  }

  #follow(what: "state" | "selection"): void {
    const { state, selection } = this.session;
    if (what === "state" && looksDifferent(state, this.#pageState)) {
      this.#pageState = state;
      this.#page?.channel.emit("content", contentOf(state));
    }
    const before = this.#pageSelection;
    if (selection && !same(selection, before)) {
      this.#pageSelection = selection;
      const { query } = selection;
      const onlyQuery = before && same(selection, { ...before, query });
      if (onlyQuery) this.#page?.channel.emit("query", { query });
      else this.#page?.channel.emit("selection", selection);
    }
  }

  #dispose(): void {
    this.#disconnect();
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
    return a.stage !== b.stage || a.request.text !== b.request.text;
  }
  if (a.status === "shown" && b.status === "shown") return a.run !== b.run || a.stale !== b.stale;
  return a.status === "failed" && b.status === "failed" && a.error !== b.error;
}
