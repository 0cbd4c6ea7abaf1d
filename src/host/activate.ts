import * as vscode from "vscode";
import { createEngine } from "../engine/handle";
import type { HeadlightApi, InspectionSnapshot } from "./api";
import { registerCommands } from "./commands";
import { documentText, editsOf, LastEditor } from "./editorText";
import { noInspection } from "./errors";
import { FollowMode } from "./followMode";
import { TokenHovers } from "./hovers";
import { EnginePages } from "./enginePages";
import { Inspector } from "./inspect";
import { INSPECTOR_VIEW, type PanelActions } from "./inspectorPanel";
import { Inspectors } from "./inspectors";
import { Models } from "./models";
import { ComparedPins } from "./pins";
import type { HostPlatform } from "./platform";
import { PageExport } from "./exportPage";
import { Probes } from "./probes";
import { Reporter } from "./report";
import { KeptPins } from "./keptPins";
import { revealTokenOf } from "./revealToken";
import { RunHolds } from "./runHolds";
import { saveBytes } from "./saveBytes";
import { scoringRuns } from "./scoringRuns";
import type { Session } from "./session";
import { HEADS_VIEW, SidePanel } from "./sidePanel";
import { Surroundings } from "./surroundings";
import { engineSettings, onSettings, overlaySettings } from "./settings";
import type { InspectionState } from "./inspection";
import { Threads } from "./threads";
import { StatusBar } from "./status";
import { Overlay } from "./overlay";
import { caretToken } from "./caret";
import type { ModelChooser } from "./chooseModel";
import { KnownFacts } from "./knownFacts";
import { RecentModels } from "./recentModels";
import { ModelVerifier } from "./verifyModel";

/** Puts the extension together. Nothing is read or started here: the engine starts with the first inspection. */
export function activateHeadlight(context: vscode.ExtensionContext, platform: HostPlatform): HeadlightApi {
  const log = vscode.window.createOutputChannel("Headlight", { log: true });
  const reporter = new Reporter(log);
  const threads = new Threads(context.globalState, platform.machine, platform.worker, {
    measured: ({ runMs, best }) => {
      const times = Object.entries(runMs).map(([count, ms]) => `${count}: ${ms.toFixed(0)} ms`);
      log.info(`Threads measured on this machine: ${times.join(", ")}; ${best} from the engine's next start`);
    },
    failed: (error) => reporter.record(error),
  });
  const settingsNow = () => {
    const settings = engineSettings();
    return { ...settings, threads: settings.threads || threads.best };
  };
  const { pageEngine } = platform;
  const pages = pageEngine && new EnginePages(platform.worker, platform.files, () => void moveToPage());
  const engine = createEngine(pages ?? platform.worker, settingsNow());
  engine.onEvent({ log: ({ level, message }) => log[level](message) });

  const models = new Models(platform.files, platform.modelsFolder, platform.cacheFolder);
  const lastEditor = new LastEditor();
  const holds = new RunHolds(engine);
  const lendsPages = () => pages !== undefined && engineSettings().backend !== "wasm";
  const inspectors = new Inspectors(engine, holds, context.extensionUri, reporter, actionsFor, () =>
    pages && lendsPages() ? { files: pageEngine, open: () => pages.open() } : undefined,
  );
  let lends = lendsPages();
  const inspector = new Inspector(engine, models, inspectors, lastEditor, reporter);
  const verifier = new ModelVerifier(engine, models, inspectors, lastEditor, reporter);
  const chooser: ModelChooser = {
    models,
    platform,
    recent: new RecentModels(context.globalState),
    facts: new KnownFacts(engine, context.globalState),
    record: (error) => reporter.record(error),
  };
  const status = new StatusBar();
  const followMode = new FollowMode(inspector, inspectors, () => follow());
  const overlay = new Overlay((error) => reporter.record(error));
  const pins = new ComparedPins(engine, holds);
  const pageExport = new PageExport(engine, context.extensionUri);
  const probes = new Probes(engine, models, inspectors, context.globalStorageUri);
  const sidePanel = new SidePanel(
    inspectors,
    pins,
    context.extensionUri,
    reporter,
    actionsFor,
    {
      reveal: revealTokenOf,
      async runAgain(slot, part) {
        const request = pins.requestOf(slot);
        if (request) await pins.run(slot, await inspector.requestAgain(request, part));
      },
    },
    probes,
  );
  const keptPins = new KeptPins(pins, context.workspaceState, models);
  const changed = new vscode.EventEmitter<InspectionSnapshot>();

  /** Not where that would cost a run that is looked at. */
  async function moveToPage(): Promise<void> {
    if (holds.isEmpty) await engine.restart();
  }

  function actionsFor(session: Session): PanelActions {
    return {
      runAgain: () => inspector.runAgain(inspectors.all.find((each) => each.session === session)),
      generate: (message) =>
        inspector.generate(
          message,
          inspectors.all.find((each) => each.session === session),
        ),
      scoringRuns: (text, signal) => scoringRuns(engine, models, text, signal),
      save: (name, bytes) => saveBytes(name, bytes),
      exportFailed: (error) => void reporter.show(error),
      exportPage: () => pageExport.export(session),
      async revealToken(token) {
        const { shown } = session.inspection;
        if (shown?.run.runId === token.runId) await revealTokenOf(shown, token);
      },
    };
  }

  function measureAtRest(state: InspectionState | undefined): void {
    if (state?.status !== "shown") threads.busy();
    else if (engineSettings().threads === 0) threads.rest(state.request.model);
  }

  function current(): InspectionSnapshot {
    const { active } = inspectors;
    return active ? active.session.snapshot(active.panel.visible) : { status: "empty", visible: false };
  }

  const draw = () => void overlay.show(inspectors.active?.session, overlaySettings());

  const surroundings = new Surroundings(() => {
    const session = inspectors.active?.session;
    status.show(session, followMode.cost);
    draw();
    const is = (...statuses: string[]) => statuses.includes(session?.state.status ?? "empty");
    setContext("hasInspection", is("running", "shown", "failed"));
    setContext("running", is("running"));
    setContext("shown", is("shown"));
    setContext("following", followMode.cost !== undefined);
  });

  function follow(what: "state" | "selection" = "state"): void {
    measureAtRest(inspectors.active?.session.state);
    // A person who moves the caret waits for the shading alone.
    if (what === "selection") draw();
    else surroundings.stateChanged(inspectors.active?.session.state);
    changed.fire(current());
  }

  context.subscriptions.push(
    keptPins,
    log,
    lastEditor,
    inspectors,
    status,
    overlay,
    surroundings,
    threads,
    followMode,
    changed,
    sidePanel,
    verifier,
    probes,
    vscode.window.registerWebviewViewProvider(HEADS_VIEW, {
      resolveWebviewView(view) {
        sidePanel.resolveWebviewView(view);
        void keptPins.restore();
      },
    }),
    { dispose: () => void engine.stop() },
    inspectors.onDidChange(({ what }) => follow(what)),
    inspectors.onDidChange(() => inspectors.all.length === 0 && pins.clear()),
    registerCommands({
      inspector,
      followMode,
      inspectors,
      lastEditor,
      pins,
      sidePanel,
      reporter,
      verifier,
      probes,
      pageExport,
      chooser,
    }),
    vscode.window.registerWebviewPanelSerializer(INSPECTOR_VIEW, {
      async deserializeWebviewPanel(panel, state) {
        await inspector.restore(panel, state);
        await keptPins.restore();
      },
    }),
    vscode.languages.registerHoverProvider(
      { pattern: "**" },
      new TokenHovers(
        () => inspectors.all.map(({ session }) => session).reverse(),
        (error) => reporter.record(error),
      ),
    ),
    vscode.window.onDidChangeVisibleTextEditors(draw),
    vscode.window.onDidChangeTextEditorSelection(({ textEditor, selections }) => {
      const session = inspectors.active?.session;
      const query = session && caretToken(session.inspection.shown, textEditor.document, selections);
      if (query !== undefined && query !== session?.selection?.query) session?.selectQuery(query);
    }),
    vscode.workspace.onDidChangeTextDocument((event) => tellSessions(event.document, editsOf(event))),
    vscode.workspace.onDidOpenTextDocument((document) => tellSessions(document, [])),
    onSettings((affects) => {
      if (affects("threads") || affects("byteBudget") || affects("backend")) {
        engine.configure(settingsNow()).catch((error: unknown) => reporter.record(error));
      }
      if (lends !== lendsPages()) {
        lends = lendsPages();
        inspectors.lend();
      }
      if (affects("overlay")) draw();
      if (affects("colourMap")) {
        for (const each of inspectors.all) each.sendSettings();
        sidePanel.sendSettings();
      }
    }),
  );

  function tellSessions(document: vscode.TextDocument, edits: ReturnType<typeof editsOf>): void {
    pins.documentChanged(documentText(document), edits);
    const uri = document.uri.toString();
    for (const { session } of inspectors.all) {
      const { state } = session;
      if (state.status !== "empty" && state.request.document?.uri === uri) {
        session.inspection.documentChanged(documentText(document), edits);
      }
    }
  }

  return {
    version: 1,
    inspect: (what) => inspector.inspectThis(what),
    current,
    onDidChange: changed.event,
    pins: () => pins.current,
    vectors(query) {
      const { active } = inspectors;
      if (!active) return Promise.reject(noInspection());
      return active.session.rows.vectors(query);
    },
  };
}

const contexts = new Map<string, boolean>();

/** Each one makes the window look at all its menus: only what changed is told. */
function setContext(name: string, value: boolean): void {
  if (contexts.get(name) === value) return;
  contexts.set(name, value);
  void vscode.commands.executeCommand("setContext", `headlight.${name}`, value);
}
