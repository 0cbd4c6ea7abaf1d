import { effect } from "@preact/signals-core";
import { html, render } from "lit-html";
import { toReport } from "../../src/core/errors";
import { cssColour } from "../../src/paint/colour";
import type { PanelContract, PanelEvents, Pins } from "../../src/protocol/panelContract";
import { colourMaps, type InspectorContent, type ViewSettings } from "../../src/protocol/viewContract";
import { drawBeforeKeys, onFrame } from "../frame";
import type { Host } from "../host";
import { mountBanner } from "../parts/banner";
import { parseSelection } from "../state/persisted";
import { watchTheme } from "../theme";
import { t } from "../words";
import { comparisonExports } from "./comparisonExports";
import { mountComparison } from "./comparisonPane";
import { exportWhenThere } from "./exportWhenThere";
import { headListExports } from "./headListExports";
import { mountHeadList } from "./headList";
import { createPanel, type Panel } from "./panelState";

/** What the host may tell the page before the page is there: kept until it is. */
export interface EarlyEvents {
  readonly receivers: PanelEvents;
  listen(listener: Partial<PanelEvents>): void;
}

export function earlyEvents(): EarlyEvents {
  let listener: Partial<PanelEvents> | undefined;
  const early: ((to: Partial<PanelEvents>) => void)[] = [];
  const pass = (call: (to: Partial<PanelEvents>) => void) =>
    listener ? call(listener) : void early.push(call);
  return {
    receivers: {
      content: (content) => pass((to) => to.content?.(content)),
      selection: (selection) => pass((to) => to.selection?.(selection)),
      query: (message) => pass((to) => to.query?.(message)),
      settings: (settings) => pass((to) => to.settings?.(settings)),
      pins: (pins) => pass((to) => to.pins?.(pins)),
      export: (message) => pass((to) => to.export?.(message)),
      probed: (message) => pass((to) => to.probed?.(message)),
      command: () => {},
    },
    listen(next) {
      listener = next;
      for (const call of early.splice(0)) call(next);
    },
  };
}

/** Builds the side panel's page and keeps it in step with the host. */
export function mountPanel(root: HTMLElement, host: Host<PanelContract>, events: EarlyEvents): void {
  drawBeforeKeys();
  const panel = createPanel(host, watchTheme());
  render(
    html`<div class="banner" hidden></div>
      <main>
        <h1 class="sr-only">${t("Heads of the inspected text")}</h1>
        <div class="page-message"></div>
        <section class="heads" aria-label=${t("Heads")}></section>
        <section class="comparison" aria-label=${t("Comparison of A with B")}></section>
      </main>
      <div class="sr-only" aria-live="polite" id="said"></div>`,
    root,
  );
  const find = (selector: string) => root.querySelector<HTMLElement>(selector)!;
  const { inspector } = panel;
  mountBanner(root, find(".banner"), find(".page-message"), inspector);
  const exportsOf = { heads: headListExports(panel), comparison: comparisonExports(panel) };
  mountHeadList(find(".heads"), panel, exportsOf.heads);
  mountComparison(find(".comparison"), panel, exportsOf.comparison);
  onFrame(() => {
    const has = inspector.run.value !== undefined;
    find(".heads").hidden = !has;
    // A and B hold texts of their own.
    find(".comparison").hidden = !has && !panel.pins.value.a && !panel.pins.value.b;
  });
  effect(() => void (find("#said").textContent = panel.said.value));
  effect(() => root.style.setProperty("--headlight-query", cssColour(inspector.theme.value.palette.query)));
  effect(() =>
    host.setState({
      version: 1,
      source: panel.source.value,
      sort: panel.sort.value,
      filter: panel.filter.value,
    }),
  );
  events.listen({
    content: (content) => receiveContent(panel, content),
    selection: (selection) => receiveSelection(panel, selection),
    settings: (settings) => receiveSettings(panel, settings),
    pins: (pins) => (panel.pins.value = pins),
    probed: () => panel.probedAgain(),
    export: ({ what, kind }) => void exportWhenThere(panel, what, exportsOf[what], kind),
  });
  greet(panel, host);
}

function greet(panel: Panel, host: Host<PanelContract>): void {
  Promise.all([host.remote.ready({}), host.remote.pins()]).then(
    ([{ content, selection, settings }, pins]: [Awaited<ReturnType<PanelContract["ready"]>>, Pins]) => {
      receiveSettings(panel, settings);
      receiveSelection(panel, selection);
      receiveContent(panel, content);
      panel.pins.value = pins;
    },
    (error: unknown) =>
      panel.inspector.receive({ status: "failed", error: toReport(error), canRunAgain: false }),
  );
}

/** A head of another block comes with its block's heads. */
function receiveSelection(panel: Panel, raw: unknown): void {
  const selection = parseSelection(raw);
  if (selection) panel.inspector.select({ query: undefined, ...selection });
}

function receiveContent(panel: Panel, content: InspectorContent | undefined): void {
  if (!content || (content.status === "shown" && !Array.isArray(content.run?.blocks))) return;
  if (content.status === "empty") panel.reset();
  panel.inspector.receive(content);
}

function receiveSettings(panel: Panel, settings: ViewSettings | undefined): void {
  if (colourMaps.some((map) => map === settings?.colourMap)) panel.inspector.settings.value = settings!;
}
