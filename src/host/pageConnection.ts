import * as vscode from "vscode";
import { toReport } from "../core/errors";
import { openChannel, type Channel, type Local } from "../protocol/channel";
import { closed, malformedMessage } from "./errors";
import { inspectorHtml } from "./inspectorHtml";
import { nonce } from "./nonce";
import { isReadyCall, messageFault, PagePort } from "./pagePort";
import type { Reporter } from "./report";

/** The webview of a panel or view, and the page that is in it now, if any: pages come and go with visibility. */
export class PageConnection<Near, FarEvents> implements vscode.Disposable {
  #page: { port: PagePort; channel: Channel<object, FarEvents> } | undefined;
  readonly #listening: vscode.Disposable;

  /** `methods`: what a page may call, asked for anew for each page. */
  constructor(
    private readonly webview: vscode.Webview,
    extensionUri: vscode.Uri,
    page: "inspector" | "panel",
    private readonly reporter: Reporter,
    private readonly methods: () => Partial<Local<Near>>,
  ) {
    const folder = vscode.Uri.joinPath(extensionUri, "dist", "webview");
    const uri = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(folder, file)).toString();
    webview.options = { enableScripts: true, localResourceRoots: [folder] };
    this.#listening = webview.onDidReceiveMessage((raw: unknown) => this.#receive(raw));
    webview.html = inspectorHtml({
      cspSource: webview.cspSource,
      nonce: nonce(),
      scriptUri: uri(`${page}.js`),
      styleUri: uri(`${page}.css`),
      language: vscode.env.language,
      words: vscode.l10n.bundle,
    });
  }

  /** Whether a page is there to be told something. */
  get isOpen(): boolean {
    return this.#page !== undefined;
  }

  readonly emit: Channel<object, FarEvents>["emit"] = (event, argument) =>
    this.#page?.channel.emit(event, argument);

  dispose(): void {
    this.#disconnect();
    this.#listening.dispose();
  }

  #receive(raw: unknown): void {
    const fault = messageFault(raw);
    if (fault) {
      const error = toReport(malformedMessage("its form", fault.problem));
      this.reporter.record(error);
      if (fault.id !== undefined) void this.webview.postMessage({ kind: "failure", id: fault.id, error });
      return;
    }
    if (isReadyCall(raw)) this.#connect();
    this.#page?.port.receive(raw);
  }

  /** A page said that it is there: from now on answers and events go to it, and to no older one. */
  #connect(): void {
    this.#disconnect();
    const port = new PagePort({ post: (message) => void this.webview.postMessage(message) });
    this.#page = { port, channel: openChannel<Near, object, object, FarEvents>(port, this.methods()) };
  }

  #disconnect(): void {
    this.#page?.port.close();
    this.#page?.channel.close(closed());
    this.#page = undefined;
  }
}
