import { effect } from "@preact/signals-core";
import type { ExportKind } from "../../src/protocol/exportKind";
import { saveExport } from "../parts/exportMenu";
import type { Exportable } from "../../src/protocol/panelContract";
import type { ViewExports } from "../views/view";
import type { Panel } from "./panelState";

/** How long an export that was asked for from outside waits for what it exports, in milliseconds. */
const PATIENCE_MS = 15_000;

/** Exports once what it shows is there: a command may come to a page that was opened for it. */
export async function exportWhenThere(
  panel: Panel,
  what: Exportable,
  exports: ViewExports,
  kind: ExportKind,
): Promise<void> {
  await until(() => isSettled(panel, what));
  await saveExport(panel.inspector.host, exports, kind);
}

function isSettled({ comparison, statistics, overview, probed, source }: Panel, what: Exportable): boolean {
  if (what === "comparison")
    return comparison.value.value !== undefined || comparison.value.error !== undefined;
  const { value, error } = overview.thumbnails.value;
  const isProbed = source.value === "probe" && probed.value.value !== undefined;
  return (statistics.value !== undefined || isProbed) && (value !== undefined || error !== undefined);
}

/** Resolves when it becomes true, or after `PATIENCE_MS`. */
function until(isTrue: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, PATIENCE_MS);
    function done() {
      clearTimeout(timer);
      queueMicrotask(() => stop());
      resolve();
    }
    const stop = effect(() => {
      if (isTrue()) done();
    });
  });
}
