import { html, nothing } from "lit-html";
import type { PositionScheme } from "../../../src/core/run";
import { recogniseSinusoidal } from "../../../src/core/positions/sinusoidal";
import type { ModelPositions } from "../../../src/protocol/positions";
import type { Colours } from "../../parts/colours";
import { schemePanels, type SchemeMarks } from "./schemePanels";
import {
  alibiPanels,
  relativePanels,
  ropePanels,
  sinusoidalPanels,
  tablePanels,
  type SchemeChart,
  type SchemePanels,
} from "./schemes";

const names: Record<PositionScheme, string> = {
  learned: "Learned table",
  sinusoidal: "Sinusoidal table",
  rope: "Rotary positions (RoPE)",
  alibi: "Linear biases (ALiBi)",
  "relative-bias": "Relative bias in buckets",
  none: "No positions",
  unknown: "Not recognised",
};

/** The model's own scheme for `nPositions` of this run; `head` is the chosen one. Made when one of them changes. */
export function modelPanels(
  model: ModelPositions,
  nPositions: number,
  head: number,
): SchemePanels | undefined {
  const n = Math.max(2, Math.min(512, nPositions));
  if (model.table) {
    const d = model.table.dims[1] ?? 0;
    const found = recogniseSinusoidal(model.table);
    if (found) return sinusoidalPanels(n, d, found.base);
    return tablePanels(model.table, [0, Math.floor(d / 4), Math.floor(d / 2), d - 1]);
  }
  if (model.frequencies) return ropePanels(n, model.frequencies);
  if (model.slopes)
    return alibiPanels(n, model.slopes.length, Math.min(head, model.slopes.length - 1), model.slopes);
  if (model.buckets) {
    const { bucketBias } = model;
    const nHeads = bucketBias?.dims[1] ?? 0;
    const bias =
      bucketBias && head < nHeads ? bucketBias.data.filter((_, i) => i % nHeads === head) : undefined;
    return relativePanels(Math.min(n, 128), model.buckets, bias);
  }
  return undefined;
}

export interface ModelPanel {
  readonly model: ModelPositions | undefined;
  readonly failed?: string;
  readonly panels: SchemePanels | undefined;
  /** q·k of the chosen query and key, were they moved apart. */
  readonly moved?: SchemeChart;
  readonly colours: Colours;
  readonly marks: SchemeMarks;
}

/** The model's own positions: name, parameters, where they were read, and what they look like. */
export function modelPanel({ model, failed, panels, moved, colours, marks }: ModelPanel) {
  const parameters = Object.entries(model?.parameters ?? {});
  return html`<section class="scheme" aria-label="This model">
    <h2>This model${model ? html`: ${names[model.scheme]}` : nothing}</h2>
    ${
      parameters.length || model?.source
        ? html`<p class="scheme-formula">
            ${parameters.map(([name, value]) => `${name} ${typeof value === "number" ? value.toLocaleString("en") : value}`).join(", ")}${
              model?.source
                ? html` <span class="unit"
                    >${parameters.length ? "(" : ""}read from
                    ${model.source === "graph" ? "its graph" : model.source}${
                      parameters.length ? ")" : ""
                    }</span
                  >`
                : nothing
            }
          </p>`
        : nothing
    }
    ${failed ? html`<p class="notice-line">${failed}</p>` : nothing}
    ${model && !panels ? html`<p class="notice-line">${model.missing ?? absent(model.scheme)}</p>` : nothing}
    ${panels ? schemePanels(moved ? { ...panels, charts: [moved, ...panels.charts] } : panels, colours, marks) : nothing}
  </section>`;
}

function absent(scheme: PositionScheme): string {
  switch (scheme) {
    case "learned":
      return "The table lies in the model's weights; it could not be read from there. The heads' use of positions is below.";
    case "none":
      return "This model is told nothing of positions; only its mask breaks the symmetry.";
    default:
      return "The numbers of this scheme could not be read; the heads' use of positions is below.";
  }
}
