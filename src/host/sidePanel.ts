import type * as vscode from "vscode";
import type { Local } from "../protocol/channel";
import type { ExportMessage, PanelContract, PanelEvents, PinSlot } from "../protocol/panelContract";
import { noInspection } from "./errors";
import type { ShownState } from "./inspection";
import type { PanelActions } from "./inspectorPanel";
import type { Inspectors } from "./inspectors";
import { PageConnection } from "./pageConnection";
import { parseSliceQuery } from "./parseSlices";
import {
  parseChoosePin,
  parseExportFailed,
  parsePin,
  parseReveal,
  parseRunPin,
  parseSave,
  parseSelection,
} from "./parseView";
import type { ComparedPins } from "./pins";
import type { Probes } from "./probes";
import type { Reporter } from "./report";
import { localContent, localPins } from "./localContent";
import { saveBytes } from "./saveBytes";
import type { Session } from "./session";
import { viewSettings } from "./settings";
import { viewMethods } from "./viewMethods";

export const HEADS_VIEW = "headlight.heads";

/** What a page asks about a pinned run that takes more than the pins. */
export interface PinActions {
  reveal(shown: ShownState, token: ReturnType<typeof parseReveal>): Promise<void>;
  runAgain(slot: PinSlot, part: boolean): Promise<void>;
}

/** The webview view **Heads**: every head of the inspection last used, and A compared with B. */
export class SidePanel implements vscode.WebviewViewProvider, vscode.Disposable {
  #page: PageConnection<PanelContract, PanelEvents> | undefined;
  /** What the page was told last, so that nothing is sent twice. */
  #told: { state?: unknown; selection?: string; pins?: string } = {};
  /** An export that was asked for before there was a page. */
  #waiting: ExportMessage | undefined;
  readonly #subscriptions: vscode.Disposable[];

  constructor(
    private readonly inspectors: Inspectors,
    private readonly pins: ComparedPins,
    private readonly extensionUri: vscode.Uri,
    private readonly reporter: Reporter,
    private readonly actionsFor: (session: Session) => PanelActions,
    private readonly pinActions: PinActions,
    private readonly probes: Probes,
  ) {
    this.#subscriptions = [
      inspectors.onDidChange(() => this.#follow()),
      { dispose: pins.onDidChange(() => this.#follow()) },
      probes.onDidChange((modelId) => this.#page?.emit("probed", { modelId })),
    ];
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const page = new PageConnection<PanelContract, PanelEvents>(
      view.webview,
      this.extensionUri,
      "panel",
      this.reporter,
      () => this.#methods(),
    );
    this.#page = page;
    view.onDidDispose(() => {
      page.dispose();
      if (this.#page === page) this.#page = undefined;
    });
  }

  /** Has the page save what it shows; a page that is only now being opened does it when it is there. */
  export(message: ExportMessage): void {
    if (this.#page?.isOpen) this.#page.emit("export", message);
    else this.#waiting = message;
  }

  sendSettings(): void {
    this.#page?.emit("settings", viewSettings());
  }

  dispose(): void {
    this.#page?.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  get #session(): Session | undefined {
    return this.inspectors.active?.session;
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
        if (!this.#session) throw noInspection();
        return methodsOf(this.#session)[name]!(argument, call);
      };
    const passed = ["thumbnails", "matrix", "statistics", "similarHeads", "runAgain", "cancel"];
    return {
      ...(Object.fromEntries(passed.map((name) => [name, passOn(name)])) as Partial<Local<PanelContract>>),
      ready: () => this.#ready(),
      // A and B may outlive the inspection.
      save: async (raw) => {
        const { name, bytes } = parseSave(raw);
        return { saved: await saveBytes(name, bytes) };
      },
      exportFailed: (raw) => void this.reporter.show(parseExportFailed(raw)),
      select: (raw) => this.#select(raw),
      compare: (raw, { signal }) => this.pins.compare(parseSliceQuery.compare(raw), signal),
      revealToken: (raw, call) => {
        const message = parseReveal(raw);
        const pinned = this.pins.shown(message.runId);
        return pinned ? this.pinActions.reveal(pinned, message) : passOn("revealToken")(raw, call);
      },
      pins: () => localPins(this.pins.current),
      pin: (raw) => {
        const { slot, choice } = parsePin(raw);
        this.pins.pin(slot, choice && this.#session?.inspection, choice);
      },
      choosePin: (raw) => {
        const { slot, choice } = parseChoosePin(raw);
        this.pins.choose(slot, choice);
      },
      runPin: (raw) => {
        const { slot, part } = parseRunPin(raw);
        return this.pinActions.runAgain(slot, part);
      },
      swapPins: () => this.pins.swap(),
      probed: () => {
        const state = this.#session?.state;
        return state && state.status !== "empty" ? this.probes.kept(state.request.model) : undefined;
      },
      probe: async () => {
        try {
          return await this.probes.probe({ showsCard: false });
        } catch (error) {
          this.reporter.show(error);
          return undefined;
        }
      },
      showCard: () => this.probes.showCard(),
    } as Partial<Local<PanelContract>>;
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
    const waiting = this.#waiting;
    this.#waiting = undefined;
    // The page listens from the start, and waits for what it is to save.
    if (waiting) this.export(waiting);
    return {
      content: localContent(session?.state ?? { status: "empty" }),
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
    const page = this.#page;
    if (!page?.isOpen) return;
    const before = this.#told;
    const session = this.#session;
    const now = (this.#told = this.#now());
    if (now.state !== before.state) page.emit("content", localContent(session?.state ?? { status: "empty" }));
    if (now.selection !== before.selection && session?.selection) page.emit("selection", session.selection);
    if (now.pins !== before.pins) page.emit("pins", localPins(this.pins.current));
  }
}
