import { html, nothing } from "lit-html";
import type { Colours } from "../../parts/colours";
import type { Inspector } from "../../state/inspector";
import { additionPictures } from "./additionPictures";
import { aroundSentence, whyNot } from "./projectionData";
import { projectionStage } from "./projectionStage";
import { residualStage } from "./residualStage";
import type { Stage } from "./stage";
import type { StepsArrangement, StepsData } from "./stepsData";
import { streamBars } from "./vectorBars";

/** W_O and the residual stream: of one query, or for all as lengths and directions. */
export function behindHeads(
  inspector: Inspector,
  steps: StepsData,
  { mode, dimensionOrder, dimension, modelDimension, pointedHead }: StepsArrangement,
  stage: Stage,
  colours: Colours,
) {
  const missing = whyNot(steps.layer.value);
  const { slice, additions } = steps.projection;
  const { value: loaded, error } = mode.value === "all" ? additions.value : slice.value;
  if (missing) return html`<p class="notice-line">${missing}</p>`;
  if (error) return html`<p class="notice-line">${error.message}</p>`;
  if (!loaded) return nothing;
  const onHead = (head: number) => inspector.choose({ head });
  if (mode.value === "all") {
    return additionPictures({
      slice: additions.value.value!,
      nHeads: steps.layer.value?.nHeads ?? 1,
      nQueries: steps.layer.value?.nQueries ?? 0,
      head: pointedHead.value ?? steps.address.value?.head ?? 0,
      query: inspector.activeQuery.value,
      colours,
      onCell: (index, head) => {
        inspector.pointed.value = { kind: "token", axis: "query", index };
        pointedHead.value = head;
      },
      onLeave: () => {
        inspector.pointed.value = undefined;
        pointedHead.value = undefined;
      },
      onHead,
    });
  }
  const shown = slice.value.value!;
  const queryLabel = `${inspector.queries.value.labels[shown.query] ?? ""} (${shown.query})`;
  const onModelDimension = (next: number | undefined) => void (modelDimension.value = next);
  const marks = {
    slice: shown,
    queryLabel,
    colours,
    modelDimension: modelDimension.value,
    onModelDimension,
  };
  return html`${shown.around.map((each) => html`<p class="notice-line">${aroundSentence[each]}</p>`)}
  ${
    stage === "projection"
      ? projectionStage({
          ...marks,
          dimension: dimension.value,
          onDimension: (next) => (dimension.value = next),
        })
      : residualStage({ ...marks, head: steps.address.value?.head ?? 0, onHead })
  }
  ${streamBars(shown, queryLabel, stage, {
    byContribution: dimensionOrder.value === "contribution",
    marked: modelDimension.value,
    onMark: onModelDimension,
  })}`;
}
