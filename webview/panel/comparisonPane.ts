import { computed } from "@preact/signals-core";
import { html, nothing, render } from "lit-html";
import { checkbox, iconButton } from "../controls";
import { onFrame } from "../frame";
import { createExportMenu, saveExport } from "../parts/exportMenu";
import type { ViewExports } from "../views/view";
import { t } from "../words";
import { comparisonPictures, paintComparison } from "./comparisonPictures";
import { divergenceBars, figures, largestDifferences } from "./differences";
import type { Panel } from "./panelState";
import { pinRow } from "./pinRow";

/** A beside B and A - B, with one crosshair; how far they are apart; where most. */
export function mountComparison(root: HTMLElement, panel: Panel, exports: ViewExports): void {
  const painted = computed(() => {
    const { value } = panel.comparison.value;
    return value && paintComparison(value);
  });
  const menu = createExportMenu(
    () => (panel.comparison.value.value ? { exports } : undefined),
    (kind) => void saveExport(panel.inspector.host, exports, kind),
  );
  onFrame(() => {
    const { a, b } = panel.pins.value;
    render(
      html`<div class="compare-head">
          <h2>${t("Compare")}</h2>
          ${a && b ? iconButton("arrow-swap", t("Swap A and B"), () => panel.swap()) : nothing}
          ${
            a || b
              ? iconButton("clear-all", t("Clear A and B"), () => {
                  panel.pin("a", undefined);
                  panel.pin("b", undefined);
                })
              : nothing
          }
          ${a && b ? menu() : nothing}
        </div>
        ${a || b ? html`${pinRow(panel, "a", a)} ${pinRow(panel, "b", b)}` : nothing}
        ${
          a?.runId && b?.runId && a.runId !== b.runId
            ? html`<div class="same-head">
                ${checkbox(t("Same head on both sides"), panel.sameHead.value, (on) => (panel.sameHead.value = on))}
              </div>`
            : nothing
        }
        ${body()}`,
      root,
    );
  });

  function body() {
    const { a, b } = panel.pins.value;
    const { value: shown, pending, error } = panel.comparison.value;
    if (!a || !b)
      return html`<p class="hint">
        ${withKeys(t("Pin two heads with {a} and {b}, or with their buttons."))}
      </p>`;
    if (!a.runId || !b.runId) return nothing;
    if (error) return html`<p class="failed" role="alert">${t(error.message)}</p>`;
    const cells = painted.value;
    if (!shown || !cells) return html`<p class="hint">${pending ? t("Comparing …") : ""}</p>`;
    return html`${comparisonPictures(panel, shown, cells)} ${figures(shown)} ${divergenceBars(panel, shown)}
    ${largestDifferences(panel, shown)}`;
  }
}

/** {a} and {b} of a sentence as keys of the keyboard. */
function withKeys(sentence: string) {
  return sentence
    .split(/(\{[ab]\})/)
    .map((part) => (part === "{a}" || part === "{b}" ? html`<kbd>${part[1]}</kbd>` : part));
}
