import { html, nothing } from "lit-html";
import { signal } from "@preact/signals-core";
import { isCancelled, toReport } from "../../src/core/errors";
import { exportKinds, exportLabels, type ExportKind } from "../../src/protocol/exportKind";
import type { Host } from "../host";
import type { MountedView, ViewExports } from "../views/view";
import { svgToPng } from "./canvas";
import { iconButton } from "../controls";
import { t } from "../words";

/** Pixels of an exported PNG for each of the figure: enough for print at 8 cm. */
const density = 3;

/** The button with its menu; what can be exported is up to the view that is shown. */
export function createExportMenu(
  view: () => Pick<MountedView, "exports"> | undefined,
  run: (kind: ExportKind) => void,
  writePage?: () => void,
) {
  const open = signal(false);
  const menuOf = (event: Event) => (event.currentTarget as Element).closest(".export")!;
  const toggle = (event: Event) => {
    open.value = !open.peek();
    if (!open.peek()) return;
    const menu = menuOf(event);
    requestAnimationFrame(() => menu.querySelector<HTMLElement>("[role=menuitem]")?.focus());
  };
  const close = (event: Event) => {
    open.value = false;
    menuOf(event).querySelector<HTMLElement>("vscode-button")?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    const items = [...menuOf(event).querySelectorAll<HTMLElement>("[role=menuitem]")];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: Math.max(at, 0) - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) items.at(to % items.length)?.focus();
    else if (event.key === "Escape") close(event);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onLeave = (event: FocusEvent) => {
    const inside = (event.currentTarget as Element).contains(event.relatedTarget as Node | null);
    if (!inside) open.value = false;
  };
  const item = (label: string, choose: () => void) =>
    html`<button
      role="menuitem"
      tabindex="-1"
      @click=${(event: Event) => {
        close(event);
        choose();
      }}
    >
      ${t(label)}
    </button>`;
  return () =>
    html`<div class="export" @keydown=${onKey} @focusout=${onLeave}>
      ${iconButton("export", t("Export"), toggle, view()?.exports === undefined)}
      <div class="menu" role="menu" aria-label=${t("Export")} ?hidden=${!open.value}>
        ${exportKinds.map((kind) => item(exportLabels[kind], () => run(kind)))}
        ${writePage ? item("Whole inspection as HTML", writePage) : nothing}
      </div>
    </div>`;
}

/** Makes the file and has the host save it, or say why there is none. */
export async function saveExport(host: Host, exports: ViewExports, kind: ExportKind): Promise<void> {
  try {
    // Made first: it throws where there is nothing yet that could be named.
    const bytes = await bytesOf(exports, kind);
    await host.remote.save({ name: `${exports.fileName()}.${kind}`, bytes });
  } catch (error) {
    if (!isCancelled(error))
      await host.remote.exportFailed({ error: toReport(error) }).catch(() => undefined);
  }
}

async function bytesOf(exports: ViewExports, kind: ExportKind): Promise<Uint8Array> {
  const encode = (text: string) => new TextEncoder().encode(text);
  switch (kind) {
    case "svg":
      return encode(await exports.svg());
    case "png":
      return svgToPng(await exports.svg(), density);
    case "csv":
      return encode(await exports.csv());
    case "json":
      return encode(`${JSON.stringify(await exports.json(), null, 1)}\n`);
    case "npz": {
      // Only who asks for it loads what writes it.
      const { npzBytes } = await import("../../src/protocol/npz");
      return npzBytes(await exports.arrays());
    }
  }
}
