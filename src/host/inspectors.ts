import * as vscode from "vscode";
import type { Engine } from "../engine/engine";
import { INSPECTOR_VIEW, InspectorPanel, type PanelActions } from "./inspectorPanel";
import type { Lending } from "./pageConnection";
import type { Reporter } from "./report";
import type { RunHolds } from "./runHolds";
import { Session } from "./session";

/** The open inspectors. Commands, hovers and the status bar refer to the one last used. */
export class Inspectors implements vscode.Disposable {
  readonly #open: InspectorPanel[] = [];
  readonly #changed = new vscode.EventEmitter<{ session: Session; what: "state" | "selection" }>();
  /** The active inspector changed in state or selection, or another one became active. */
  readonly onDidChange = this.#changed.event;

  constructor(
    private readonly engine: Engine,
    private readonly holds: RunHolds,
    private readonly extensionUri: vscode.Uri,
    private readonly reporter: Reporter,
    private readonly actionsFor: (session: Session) => PanelActions,
    /** What makes a page one that engines may run in, while that is wanted. */
    private readonly lending: () => Lending | undefined = () => undefined,
  ) {}

  get active(): InspectorPanel | undefined {
    return this.#open.at(-1);
  }

  get all(): readonly InspectorPanel[] {
    return this.#open;
  }

  /** The active inspector, or a new one beside the editor, which keeps the focus. */
  show(): InspectorPanel {
    const { active } = this;
    if (active) {
      if (!active.panel.visible) active.panel.reveal(undefined, true);
      return active;
    }
    const panel = vscode.window.createWebviewPanel(
      INSPECTOR_VIEW,
      vscode.l10n.t("Attention"),
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      {
        enableScripts: true,
        localResourceRoots: [],
        // An engine in the page would go with it whenever another tab is looked at.
        retainContextWhenHidden: this.lending() !== undefined,
      },
    );
    return this.adopt(panel);
  }

  /** Takes a panel that VS Code brought back. */
  adopt(panel: vscode.WebviewPanel): InspectorPanel {
    const session = new Session(this.engine, this.holds);
    const inspector = new InspectorPanel(
      panel,
      session,
      this.extensionUri,
      this.reporter,
      this.actionsFor(session),
      this.lending(),
    );
    this.#open.push(inspector);
    session.onDidChange((_, what) => {
      if (this.active === inspector) this.#changed.fire({ session, what });
    });
    panel.onDidChangeViewState(() => {
      if (panel.active && this.active !== inspector) this.#activate(inspector);
      else if (this.active === inspector) this.#changed.fire({ session, what: "state" });
    });
    panel.onDidDispose(() => this.#close(inspector));
    return inspector;
  }

  /** Whether engines may run in the pages has changed. */
  lend(): void {
    for (const inspector of this.#open) inspector.lend(this.lending());
  }

  dispose(): void {
    for (const inspector of [...this.#open]) inspector.panel.dispose();
    this.#changed.dispose();
  }

  #activate(inspector: InspectorPanel): void {
    this.#open.splice(this.#open.indexOf(inspector), 1);
    this.#open.push(inspector);
    this.#changed.fire({ session: inspector.session, what: "state" });
  }

  /** A closed inspector ends its run; what it showed is freed. */
  #close(inspector: InspectorPanel): void {
    this.#open.splice(this.#open.indexOf(inspector), 1);
    inspector.session.dispose();
    this.#changed.fire({ session: this.active?.session ?? inspector.session, what: "state" });
  }
}
