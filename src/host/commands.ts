import * as vscode from "vscode";
import type { PageCommand } from "../protocol/viewContract";
import { chooseMeasure } from "./chooseMeasure";
import { chooseModel, type ModelChooser } from "./chooseModel";
import { compareSelections } from "./compareSelections";
import type { LastEditor } from "./editorText";
import { record, integer, optional } from "./fields";
import type { FollowMode } from "./followMode";
import { stepHead, stepLayer } from "./headSelection";
import type { Inspector } from "./inspect";
import type { Inspectors } from "./inspectors";
import { parseChoice } from "./parseChoice";
import type { ComparedPins } from "./pins";
import type { SidePanel } from "./sidePanel";
import type { PageExport } from "./exportPage";
import { exportPanel } from "./exportPanel";
import type { Probes } from "./probes";
import type { Reporter } from "./report";
import type { Session } from "./session";
import { changeSetting, overlaySettings, rememberModel } from "./settings";
import type { ModelVerifier } from "./verifyModel";

/** Commands of the palette that the page carries out; each is `headlight.` and its name. */
const pageCommands: readonly PageCommand[] = [
  "showHeads",
  "showHead",
  "showSteps",
  "showMask",
  "showPositions",
  "showScoring",
  "showGenerate",
  "showEncoderDecoder",
  "zoomIn",
  "zoomOut",
  "zoomReset",
  "toggleScale",
  "exportSvg",
  "exportPng",
  "exportCsv",
  "exportJson",
  "exportNpz",
];

/** Registers every command; what one needs is given, nothing is looked up. */
export function registerCommands(parts: {
  inspector: Inspector;
  followMode: FollowMode;
  inspectors: Inspectors;
  lastEditor: LastEditor;
  pins: ComparedPins;
  sidePanel: SidePanel;
  reporter: Reporter;
  probes: Probes;
  pageExport: PageExport;
  verifier: ModelVerifier;
  chooser: ModelChooser;
}): vscode.Disposable {
  const {
    inspector,
    followMode,
    inspectors,
    lastEditor,
    pins,
    sidePanel,
    reporter,
    verifier,
    chooser,
    probes,
    pageExport,
  } = parts;
  const session = () => inspectors.active?.session;

  const commands: Record<string, (argument?: unknown) => unknown> = {
    inspect: (hint) => inspector.inspect(hint),
    runAgain: () => inspector.runAgain(),
    compareSelections: () => compareSelections(inspector, inspectors, lastEditor, pins),
    cancel: () => {
      for (const each of inspectors.all) each.session.inspection.cancel();
      pins.cancel();
    },
    chooseModel: () => choose(inspector, chooser),
    exportHtml: (argument) => pageExport.export(session(), argument),
    exportHeads: (argument) => exportPanel(sidePanel, pins, "heads", argument),
    exportComparison: (argument) => exportPanel(sidePanel, pins, "comparison", argument),
    probeModel: () => probes.probe(),
    showModelCard: () => probes.showCard(),
    verifyModel: () => verifier.verify(),
    chooseMeasure: (argument) => chooseMeasure(session(), argument),
    toggleFollow: () => followMode.toggle(),
    showInspector: () => inspectors.active?.panel.reveal(),
    showLog: () => reporter.log.show(),
    nextHead: () => step(session(), stepHead, 1),
    previousHead: () => step(session(), stepHead, -1),
    nextLayer: () => step(session(), stepLayer, 1),
    previousLayer: () => step(session(), stepLayer, -1),
    openHead: (argument) => openHead(inspectors, argument),
    pinA: () => pins.pin("a", session()?.inspection, session()?.selection?.choice),
    pinB: () => pins.pin("b", session()?.inspection, session()?.selection?.choice),
    swapPins: () => pins.swap(),
    clearPins: () => pins.clear(),
    makeQuery: (argument) => session()?.selectQuery(integer(record(argument, "makeQuery").query, "query")),
  };
  Object.assign(commands, overlayCommands);
  for (const name of pageCommands) commands[name] = () => inspectors.active?.command(name);

  const registered = Object.entries(commands).map(([name, run]) =>
    vscode.commands.registerCommand(`headlight.${name}`, async (argument?: unknown) => {
      try {
        return await run(argument);
      } catch (error) {
        reporter.show(error);
        return undefined;
      }
    }),
  );
  return vscode.Disposable.from(...registered);
}

/** Each turns one setting of the overlay on or off, or to its next value. */
const overlayCommands: Record<string, () => Promise<void>> = {
  toggleShading: () => changeSetting("overlay.enabled", !overlaySettings().enabled),
  toggleBoundaries: () => changeSetting("overlay.boundaries", !overlaySettings().boundaries),
  toggleDirection: () =>
    changeSetting("overlay.direction", overlaySettings().direction === "keys" ? "queries" : "keys"),
};

async function choose(inspector: Inspector, chooser: ModelChooser): Promise<void> {
  const id = await chooseModel(chooser);
  if (id === undefined) return;
  // Found before it is remembered: a folder without a model is refused at once.
  const { source } = await chooser.models.find(id);
  // Before the setting, which takes its time: a list that is opened at once has it first.
  await chooser.recent.add(id);
  await rememberModel(id);
  await inspector.changeModel(source);
}

function step(session: Session | undefined, next: typeof stepHead, by: 1 | -1): void {
  const run = session?.inspection.shown?.run;
  if (session?.selection && run) session.selectHead(next(run, session.selection.choice, by));
}

/** A link in a hover: shows the head with the token as its query. */
function openHead(inspectors: Inspectors, raw: unknown): void {
  const argument = record(raw, "openHead");
  const choice = parseChoice(argument.choice);
  const query = optional(argument.query, (value) => integer(value, "query"));
  const { active } = inspectors;
  const selection = active?.session.selection;
  if (!active || !selection) return;
  active.session.select({ ...selection, view: "head", choice, ...(query !== undefined && { query }) });
  active.panel.reveal(undefined, true);
}
