import * as vscode from "vscode";
import { toReport } from "../core/errors";
import { openChannel, type Channel, type Local } from "../protocol/channel";
import type { PanelContract, PanelEvents } from "../protocol/panelContract";
import { closed, malformedMessage, noInspection } from "./errors";
import { inspectorHtml } from "./inspectorHtml";
import type { PanelActions } from "./inspectorPanel";
import type { Inspectors } from "./inspectors";
import { nonce } from "./nonce";
import { isReadyCall, messageFault, PagePort } from "./pagePort";
import { parsePin, parseSelection } from "./parseView";
import type { ComparedPins } from "./pins";
import type { Reporter } from "./report";
import { contentOf, type Session } from "./session";
import { viewSettings } from "./settings";
import { viewMethods } from "./viewMethods";

export const HEADS_VIEW = "headlight.heads";

/** The webview view **Heads**: every head of the inspection last used, and A compared with B. */
export class SidePanel implements vscode.WebviewViewProvider, vscode.Disposable {
  #view: vscode.WebviewView | undefined;
  #page: { port: PagePort; channel: Channel<object, PanelEvents> } | undefined;
  /** What the page was told last, so that nothing is sent twice. */
  #told: { state?: unknown; selection?: string; pins?: string } = {};
  readonly #subscriptions: vscode.Disposable[];

  constructor(
    private readonly inspectors: Inspectors,
    private readonly pins: ComparedPins,
    private readonly extensionUri: vscode.Uri,
    private readonly reporter: Reporter,
    private readonly actionsFor: (session: Session) => PanelActions,
  ) {
    this.#subscriptions = [
      inspectors.onDidChange(() => this.#follow()),
      { dispose: pins.onDidChange(() => this.#follow()) },
    ];
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.#view = view;
    const pageFolder = vscode.Uri.joinPath(this.extensionUri, "dist", "webview");
    const uri = (file: string) => view.webview.asWebviewUri(vscode.Uri.joinPath(pageFolder, file)).toString();
    view.webview.options = { enableScripts: true, localResourceRoots: [pageFolder] };
    view.webview.onDidReceiveMessage((raw: unknown) => this.#receive(raw));
    view.onDidDispose(() => {
      this.#disconnect();
      this.#view = undefined;
    });
    view.webview.html = inspectorHtml({
      cspSource: view.webview.cspSource,
      nonce: nonce(),
      scriptUri: uri("panel.js"),
      styleUri: uri("panel.css"),
      language: vscode.env.language,
    });
  }

  sendSettings(): void {
    this.#page?.channel.emit("settings", viewSettings());
  }

  dispose(): void {
    this.#disconnect();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  get #session(): Session | undefined {
    return this.inspectors.active?.session;
  }

  #receive(raw: unknown): void {
    const fault = messageFault(raw);
    if (fault) {
      const error = toReport(malformedMessage("its form", fault.problem));
      this.reporter.record(error);
      if (fault.id !== undefined)
        void this.#view?.webview.postMessage({ kind: "failure", id: fault.id, error });
      return;
    }
    if (isReadyCall(raw)) this.#connect();
    this.#page?.port.receive(raw);
  }

  #connect(): void {
    this.#disconnect();
    const port = new PagePort({ post: (message) => void this.#view?.webview.postMessage(message) });
    const channel = openChannel<PanelContract, object, object, PanelEvents>(port, this.#methods());
    this.#page = { port, channel };
  }

  #disconnect(): void {
    this.#page?.port.close();
    this.#page?.channel.close(closed());
    this.#page = undefined;
  }

  /** Each call goes to the inspection that it names, else to the one last used. */
  #methods(): Partial<Local<PanelContract>> {
    type Method = (argument: unknown, call: { signal: AbortSignal }) => unknown;
    const methodsOf = (session: Session) =>
      viewMethods(session, {
        ...this.actionsFor(session),
        ready: () => Promise.reject(noInspection()),
        failed: (error) => this.reporter.record(error),
      }) as unknown as Record<string, Method>;
    const passOn =
      (name: string): Method =>
      (argument, call) => {
        const session = this.#named(argument) ?? this.#session;
        if (!session) throw noInspection();
        return methodsOf(session)[name]!(argument, call);
      };
    const passed = [
      "thumbnails",
      "matrix",
      "statistics",
      "similarHeads",
      "compare",
      "revealToken",
      "runAgain",
      "cancel",
      "save",
    ];
    return {
      ...(Object.fromEntries(passed.map((name) => [name, passOn(name)])) as Partial<Local<PanelContract>>),
      ready: () => this.#ready(),
      select: (raw) => this.#select(raw),
      pins: () => this.pins.current,
      pin: (raw) => {
        const { slot, choice } = parsePin(raw);
        this.pins.pin(slot, this.#session, choice);
      },
      swapPins: () => this.pins.swap(),
    };
  }

  /** The inspection whose run a question is about. */
  #named(argument: unknown): Session | undefined {
    const runId = (argument as { runId?: unknown } | null)?.runId;
    const known = [this.pins.sessionOf("a"), this.pins.sessionOf("b"), this.#session];
    return known.find((session) => runId !== undefined && session?.inspection.shown?.run.runId === runId);
  }

  async #select(raw: unknown): Promise<void> {
    const { active } = this.inspectors;
    if (!active) throw noInspection();
    active.session.select(parseSelection(raw));
    if (!active.panel.visible) active.panel.reveal(undefined, true);
  }

  async #ready() {
    const session = this.#session;
    this.#told = this.#now();
    return {
      content: contentOf(session?.state ?? { status: "empty" }),
      ...(session?.selection && { selection: session.selection }),
      settings: viewSettings(),
    };
  }

  #now() {
    const session = this.#session;
    return {
      state: session?.state,
      selection: JSON.stringify(session?.selection),
      pins: JSON.stringify(this.pins.current),
    };
  }

  #follow(): void {
    for (const slot of ["a", "b"] as const) {
      const session = this.pins.sessionOf(slot);
      if (session && session.isDisposed) this.pins.forget(session);
    }
    if (!this.#page) return;
    const { channel } = this.#page;
    const before = this.#told;
    const session = this.#session;
    const now = this.#now();
    // While a run is in progress its pins have none to point at: the comparison on screen stays.
    this.#told = session?.state.status === "running" ? { ...now, pins: before.pins } : now;
    if (this.#told.state !== before.state)
      channel.emit("content", contentOf(session?.state ?? { status: "empty" }));
    if (this.#told.selection !== before.selection && session?.selection)
      channel.emit("selection", session.selection);
    if (this.#told.pins !== before.pins) channel.emit("pins", this.pins.current);
  }
}
