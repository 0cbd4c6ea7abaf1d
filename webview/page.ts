import { computed, effect, signal } from "@preact/signals-core";
import { html, nothing, render } from "lit-html";
import { toReport } from "../src/core/errors";
import { measureLack, shownMeasures, type ShownMeasure } from "../src/core/measures/measure";
import { cssColour } from "../src/paint/colour";
import type { ExportKind } from "../src/protocol/exportKind";
import {
  colourMaps,
  pageCommands,
  type InspectorContent,
  type InspectorSelection,
  type PageCommand,
  type ViewEvents,
  type ViewName,
  type ViewSettings,
} from "../src/protocol/viewContract";
import { panelId, tabs } from "./controls";
import { drawBeforeKeys } from "./frame";
import type { Host } from "./host";
import { listenToKeys } from "./keyboard";
import { mountBanner } from "./parts/banner";
import { createExportMenu, saveExport } from "./parts/exportMenu";
import { mountHeader } from "./parts/header";
import { mountReadout } from "./parts/readout";
import { createShortcutList } from "./parts/shortcutList";
import { mountTokenStrip } from "./parts/tokenStrip";
import { answeringAhead, type Ahead } from "./state/ahead";
import { createInspector, type Inspector } from "./state/inspector";
import { parsePersisted, parseSelection, persistedState } from "./state/persisted";
import { createRunData } from "./state/runData";
import { watchTheme } from "./theme";
import { views } from "./views/registry";
import { loadViewStyles } from "./views/viewStyles";
import type { MountedView, MountView, ViewContext } from "./views/view";

/** What the host may tell the page before the page is there: kept until it is. */
export interface PageEvents {
  readonly receivers: ViewEvents;
  listen(listener: ViewEvents): void;
}

export function pageEvents(): PageEvents {
  let listener: ViewEvents | undefined;
  const early: ((to: ViewEvents) => void)[] = [];
  const pass = (call: (to: ViewEvents) => void) => (listener ? call(listener) : void early.push(call));
  return {
    receivers: {
      content: (content) => pass((to) => to.content(content)),
      selection: (selection) => pass((to) => to.selection(selection)),
      query: (message) => pass((to) => to.query(message)),
      settings: (settings) => pass((to) => to.settings(settings)),
      command: (message) => pass((to) => to.command(message)),
    },
    listen(next) {
      listener = next;
      for (const call of early.splice(0)) call(next);
    },
  };
}

/** Builds the page and keeps it in step with the host. */
export function mountPage(root: HTMLElement, host: Host, events: PageEvents): void {
  const kept = parsePersisted(host.getState());
  const ahead = answeringAhead(host);
  const inspector = createInspector(ahead.host, watchTheme(), kept.arrangement);
  if (kept.selection) inspector.select(kept.selection);
  const context: ViewContext = { inspector, data: createRunData(inspector) };
  render(
    html`<header class="header"></header>
      <div class="banner" hidden></div>
      <main>
        <h1 class="sr-only">Headlight: attention of the selected text</h1>
        <div class="tabs"></div>
        <div class="page-message"></div>
      </main>
      <footer class="readout"></footer>
      <div class="sr-only" aria-live="polite" id="said"></div>
      <dialog class="shortcuts" aria-label="Keys"></dialog>`,
    root,
  );
  const find = <E extends HTMLElement>(selector: string) => root.querySelector<E>(selector)!;
  const shortcutList = createShortcutList(find<HTMLDialogElement>(".shortcuts"), (name) => {
    const view = viewOf[name];
    return !view || views.some((entry) => entry.name === view);
  });
  const mounted = signal<MountedView | undefined>(undefined);
  const exportOf = (kind: ExportKind) => {
    const exports = mounted.peek()?.exports;
    if (exports) void saveExport(host, exports, kind);
  };

  mountHeader(
    find(".header"),
    inspector,
    createExportMenu(
      () => mounted.value,
      exportOf,
      // The host reports its own failures.
      host.writesPages ? () => void host.remote.exportPage().catch(() => undefined) : undefined,
    ),
  );
  mountBanner(root, find(".banner"), find(".page-message"), inspector);
  mountReadout(find(".readout"), find("#said"), context);
  mountStage(find(".tabs"), context, mounted);

  const command = (name: PageCommand) => {
    if (mounted.peek()?.command?.(name)) return;
    const kind = exportKinds[name];
    if (kind) exportOf(kind);
    else if (name === "showShortcuts") shortcutList.toggle();
    else runCommand(inspector, name);
  };
  drawBeforeKeys();
  listenToKeys(command);
  events.listen(hostListener(inspector, ahead, command));
  greet(inspector);
  effect(() => {
    const { query } = inspector.theme.value.palette;
    root.style.setProperty("--headlight-query", cssColour(query));
  });
  effect(() => keepState(inspector));
  effect(() => tellSelection(inspector));
}

const exportKinds: Partial<Record<PageCommand, ExportKind>> = {
  exportSvg: "svg",
  exportPng: "png",
  exportCsv: "csv",
  exportJson: "json",
  exportNpz: "npz",
};

const viewOf: Partial<Record<PageCommand, ViewName>> = {
  showHeads: "heads",
  showHead: "head",
  showSteps: "steps",
  showMask: "mask",
  showPositions: "positions",
  showScoring: "scoring",
  showGenerate: "generate",
  showEncoderDecoder: "encoderDecoder",
};

function runCommand(inspector: Inspector, name: PageCommand): void {
  const view = viewOf[name];
  const { squareRoot } = inspector.arrangement.peek();
  if (view && views.some((entry) => entry.name === view)) inspector.showView(view);
  else if (name === "nextLayer" || name === "previousLayer")
    inspector.step("layer", name === "nextLayer" ? 1 : -1);
  else if (name === "nextHead" || name === "previousHead")
    inspector.step("head", name === "nextHead" ? 1 : -1);
  else if (name === "freeQuery") inspector.pin(undefined);
  else if (name === "toggleMeasure") inspector.select({ measure: nextMeasure(inspector) });
  else if (name === "toggleScale") {
    inspector.arrangement.value = { ...inspector.arrangement.peek(), squareRoot: !squareRoot };
  }
}

/** The next measure that the chosen layer has; after the last, weights. */
function nextMeasure({ selection, block }: Inspector): ShownMeasure {
  const { measure, choice } = selection.peek();
  const shown = block.peek();
  const here = shownMeasures.filter((each) => shown && !measureLack(shown, choice.layer, each));
  return here[(here.indexOf(measure) + 1) % here.length] ?? "weights";
}

/** The tabs, the strip, and the chosen view inside its panel. */
function mountStage(
  root: HTMLElement,
  context: ViewContext,
  mounted: { value: MountedView | undefined; peek(): MountedView | undefined },
): void {
  const { inspector } = context;
  const stage = document.createElement("div");
  stage.className = "stage";
  const strip = document.createElement("div");
  strip.className = "strips";
  stage.append(strip);
  mountTokenStrip(strip, context);

  const list = computed(() => {
    const run = inspector.run.value;
    return run ? views.filter((view) => view.suits?.(run) ?? true) : [];
  });
  const current = computed(
    () => list.value.find(({ name }) => name === inspector.selection.value.view) ?? list.value[0],
  );
  effect(() => {
    const active = current.value;
    render(
      active
        ? tabs(
            "Views",
            list.value.map(({ name, title }) => ({ value: name, label: title })),
            active.name,
            (view) => inspector.showView(view),
          )
        : nothing,
      root,
    );
    if (active) document.getElementById(panelId(active.name))?.append(stage);
  });
  let shown: { view: unknown; element: HTMLElement } | undefined;
  effect(() => {
    const view = current.value;
    if (shown?.view === view) return;
    mounted.peek()?.unmount();
    shown?.element.remove();
    shown = undefined;
    mounted.value = undefined;
    inspector.pointed.value = undefined;
    if (!view) return;
    const element = document.createElement("div");
    element.className = `view view-${view.name}`;
    stage.append(element);
    strip.hidden = !view.hasStrip;
    shown = { view, element };
    const mount = (draw: MountView) => {
      if (shown?.element === element) mounted.value = draw(element, context);
    };
    if ("mount" in view) queueMicrotask(() => mount(view.mount));
    else {
      Promise.all([view.load(), loadViewStyles()]).then(
        ([draw]) => mount(draw),
        (error: unknown) => {
          element.textContent = `This view could not be loaded: ${toReport(error).message} Open the inspector again.`;
        },
      );
    }
  });
}

function hostListener(inspector: Inspector, ahead: Ahead, command: (name: PageCommand) => void): ViewEvents {
  return {
    content(content) {
      if (content?.status === "shown" && content.ahead) ahead.keep(content.run.runId, content.ahead);
      receiveContent(inspector, content);
    },
    selection: (selection) => {
      const parsed = parseSelection(selection);
      if (parsed) inspector.select({ query: undefined, ...parsed });
    },
    query: (message: unknown) => {
      const query = (message as { query?: unknown } | null)?.query;
      if (query === undefined || Number.isInteger(query))
        inspector.select({ query: query as number | undefined });
    },
    settings: (settings) => receiveSettings(inspector, settings),
    command: (message: unknown) => {
      const name = (message as { name?: unknown } | null)?.name;
      if (pageCommands.includes(name as PageCommand)) command(name as PageCommand);
    },
  };
}

function receiveContent(inspector: Inspector, content: InspectorContent | undefined): void {
  const status = content?.status;
  if (content && (status === "empty" || status === "running" || status === "failed"))
    inspector.receive(content);
  else if (content?.status === "shown" && Array.isArray(content.run?.blocks)) inspector.receive(content);
}

function receiveSettings(inspector: Inspector, settings: ViewSettings | undefined): void {
  if (colourMaps.some((map) => map === settings?.colourMap)) inspector.settings.value = settings!;
}

function greet(inspector: Inspector): void {
  inspector.host.remote.ready({ state: inspector.host.getState() }).then(
    ({ content, selection, settings }) => {
      receiveSettings(inspector, settings);
      const parsed = parseSelection(selection);
      if (parsed) inspector.select(parsed);
      receiveContent(inspector, content);
    },
    (error: unknown) => inspector.receive({ status: "failed", error: toReport(error), canRunAgain: true }),
  );
}

function keepState({ host, run, document, selection, arrangement }: Inspector): void {
  if (!run.value) return;
  host.setState(persistedState(run.value, document.value, selection.value, arrangement.value));
}

let lastTold: InspectorSelection | undefined;
let telling: ReturnType<typeof setTimeout> | undefined;

/** After a rest of 40 ms, so that walking through heads does not make the editor repaint for each. */
function tellSelection({ host, run, selection }: Inspector): void {
  const { value } = selection;
  if (!run.value) return;
  clearTimeout(telling);
  telling = setTimeout(() => {
    if (JSON.stringify(value) === JSON.stringify(lastTold)) return;
    lastTold = value;
    host.remote.select(value).catch(() => undefined);
  }, 40);
}
