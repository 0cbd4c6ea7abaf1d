import { html, nothing } from "lit-html";
import { blockFlowCost, durationText } from "../../src/core/measures/flowCost";
import { measureLack, measureWords, shownMeasures, type ShownMeasure } from "../../src/core/measures/measure";
import type { BlockOfRun } from "../../src/core/run";
import { dropdown, type Choice } from "../controls";
import type { Inspector } from "../state/inspector";

/** What is shown of attention, chosen once for all views; what this model cannot show is named with the reason. */
export function measureChooser(inspector: Inspector) {
  const { choice, measure } = inspector.selection.value;
  const block = inspector.block.value;
  if (!block) return nothing;
  const choices = shownMeasures.map((each) => measureChoice(block, choice.layer, each));
  const missing = choices.filter(({ disabled }) => disabled).map(({ title }) => title);
  return html`${dropdown("Measure", choices, measure, (value) => inspector.select({ measure: value }))}
  ${
    missing.length
      ? html`<span
          class="codicon codicon-info notice"
          role="img"
          aria-label=${missing.join(" ")}
          title=${missing.join("\n")}
        ></span>`
      : nothing
  }`;
}

function measureChoice(
  block: BlockOfRun,
  layer: number | "all",
  measure: ShownMeasure,
): Choice<ShownMeasure> {
  const { name, meaning } = measureWords[measure];
  const lack = measureLack(block, layer, measure);
  if (lack)
    return { value: measure, label: `${name} (not here)`, disabled: true, title: `${name}: ${lack}.` };
  if (measure !== "flow") return { value: measure, label: name, title: meaning };
  const cost = blockFlowCost(block, layer, "matrix");
  const time = durationText(cost.seconds);
  return {
    value: measure,
    label: cost.isAffordable ? `${name} (${time})` : `${name} (${time}: too long)`,
    title: `${meaning} ${cost.nFlows.toLocaleString("en")} maximum flows, about ${time}.`,
  };
}
