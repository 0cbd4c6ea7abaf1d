import * as vscode from "vscode";
import { toReport } from "../core/errors";
import { openChannel, type Channel, type Local } from "../protocol/channel";
import { parsePageEngineMessage } from "../protocol/pageEngine";
import { EnginePage } from "./enginePage";
import type { Place } from "./enginePages";
import { closed, malformedMessage } from "./errors";
import { inspectorHtml } from "./inspectorHtml";
import { nonce } from "./nonce";
import { isReadyCall, messageFault, PagePort } from "./pagePort";
import type { Reporter } from "./report";

/** Makes a page one that engines may run in. */
export interface Lending {
  /** Paths, below the extension's folder, of what an engine is made of. */
  readonly files: { readonly code: string; readonly wasm: string };
  open(): Place;
}

/** The webview of a panel or view, and the page that is in it now, if any: pages come and go with visibility. */
export class PageConnection<Near, FarEvents> implements vscode.Disposable {
  #page: { port: PagePort; channel: Channel<object, FarEvents>; engines?: EnginePage } | undefined;
  #place: Place | undefined;
  #lending: Lending | undefined;
  readonly #listening: vscode.Disposable;

  /** `methods`: what a page may call, asked for anew for each page. */
  constructor(
    private readonly webview: vscode.Webview,
    private readonly extensionUri: vscode.Uri,
    private readonly page: "inspector" | "panel",
    private readonly reporter: Reporter,
    private readonly methods: () => Partial<Local<Near>>,
    lending?: Lending,
  ) {
    this.#listening = webview.onDidReceiveMessage((raw: unknown) => this.#receive(raw));
    this.load(lending);
  }

  /** Whether a page is there to be told something. */
  get isOpen(): boolean {
    return this.#page !== undefined;
  }

  readonly emit: Channel<object, FarEvents>["emit"] = (event, argument) =>
    this.#page?.channel.emit(event, argument);

  /** Loads the page, anew where there is one: what it may do is decided by its document. */
  load(lending: Lending | undefined): void {
    this.#leave(false);
    this.#lending = lending;
    this.#place = lending?.open();
    const folder = vscode.Uri.joinPath(this.extensionUri, "dist", "webview");
    const engineFolders = lending
      ? Object.values(lending.files).map((file) => vscode.Uri.joinPath(this.extensionUri, file, ".."))
      : [];
    this.webview.options = { enableScripts: true, localResourceRoots: [folder, ...engineFolders] };
    this.webview.html = inspectorHtml({
      cspSource: this.webview.cspSource,
      nonce: nonce(),
      scriptUri: this.#address(`dist/webview/${this.page}.js`),
      styleUri: this.#address(`dist/webview/${this.page}.css`),
      language: vscode.env.language,
      words: vscode.l10n.bundle,
      lendsEngine: lending !== undefined,
    });
  }

  /** The page was hidden, and VS Code has taken it away; or it is shown, and on its way again. */
  follow(isShown: boolean): void {
    if (isShown) this.#place ??= this.#lending?.open();
    else this.#leave(false);
  }

  dispose(): void {
    this.#leave(false);
    this.#listening.dispose();
  }

  #address(file: string): string {
    return this.webview.asWebviewUri(vscode.Uri.joinPath(this.extensionUri, file)).toString();
  }

  #receive(raw: unknown): void {
    const ofEngine = parsePageEngineMessage(raw);
    if (ofEngine) return this.#page?.engines?.receive(ofEngine);
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
    this.#place?.left(true);
    const port = new PagePort({ post: (message) => void this.webview.postMessage(message) });
    this.#page = { port, channel: openChannel<Near, object, object, FarEvents>(port, this.methods()) };
    if (!this.#lending) return;
    const { code, wasm } = this.#lending.files;
    const addresses = { code: this.#address(code), wasm: this.#address(wasm) };
    this.#page.engines = new EnginePage((message) => port.post(message), addresses);
    this.#place ??= this.#lending.open();
    this.#place.arrived(this.#page.engines);
  }

  #leave(isBack: boolean): void {
    this.#disconnect();
    this.#place?.left(isBack);
    this.#place = undefined;
  }

  #disconnect(): void {
    this.#page?.port.close();
    this.#page?.channel.close(closed());
    this.#page = undefined;
  }
}
