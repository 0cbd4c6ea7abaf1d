import { html, nothing, render } from "lit-html";
import { onFrame } from "../../frame";
import { watchColours } from "../../parts/colours";
import { explanation } from "../../parts/explanation";
import { panelExports } from "../../parts/panelExports";
import type { MountedView, ViewContext } from "../view";
import { behindHeads } from "./behindHeads";
import { exportedStage } from "./exportedStage";
import { flowTable } from "./flowTable";
import { createFlowWindow } from "./flowWindow";
import { formulaBar } from "./formulaBar";
import { headOutputs } from "./headOutputs";
import { isBehindHeads, type Stage } from "./stage";
import { matricesRow, type StageMatrix } from "./stageMatrices";
import { createStepsArrangement, createStepsData, POOLED_CELLS } from "./stepsData";
import { stepsExplanation } from "./stepsExplanation";
import { createStepsShown, isPooled } from "./stepsShown";
import { keyBars } from "./vectorBars";

/** Kept while the page lives, so that coming back to the tab finds it as it was. */
const arrangement = createStepsArrangement();

/** How a head's weights and output come about, stage by stage, with this run's numbers. */
export function mountSteps(root: HTMLElement, { inspector, data }: ViewContext): MountedView {
  const steps = createStepsData(inspector, arrangement);
  const colours = watchColours(inspector);
  const rows = createFlowWindow();
  const { mode, keyOrder, dimensionOrder, dimension } = arrangement;
  const shown = createStepsShown(inspector, data, steps, arrangement);
  const { stage, key } = shown;

  const chooseStage = (next: Stage) => (arrangement.stage.value = next);
  const pointAtKey = (next: number | undefined) => {
    inspector.pointed.value =
      next === undefined ? undefined : { kind: "cell", query: steps.query.peek(), key: next };
  };
  const pointAtCell = (matrix: StageMatrix, row: number, column: number) => {
    if (matrix.columns === "key") {
      inspector.pointed.value = { kind: "cell", query: row, key: column };
      dimension.value = undefined;
      return;
    }
    inspector.pointed.value = { kind: "token", axis: matrix.rows, index: row };
    dimension.value = column;
  };

  const stop = onFrame(() => {
    render(
      html`<div class="steps">
        ${formulaBar(shown.texts.value, stage.value, chooseStage)} ${toolbar()} ${notices()} ${body()}
        ${explanation(inspector, stepsExplanation)}
      </div>`,
      root,
    );
  });

  function toolbar() {
    const query = steps.query.value;
    return html`<div class="steps-bar">
      <div class="segmented" role="radiogroup" aria-label="How many queries">
        ${segment("one", "One query")} ${segment("all", "All queries")}
      </div>
      ${
        mode.value === "one"
          ? html`<span class="steps-query"
                >query <bdi class="token-text">${inspector.queries.value.labels[query]}</bdi> (${query})</span
              >
              ${isBehindHeads(stage.value) || stage.value === "heads" ? nothing : toggle("Keys by weight", keyOrder.value === "weight", (on) => (keyOrder.value = on ? "weight" : "position"))}
              ${toggle("Dimensions by contribution", dimensionOrder.value === "contribution", (on) => (dimensionOrder.value = on ? "contribution" : "position"))}`
          : nothing
      }
    </div>`;
  }

  function segment(value: "one" | "all", label: string) {
    return html`<button
      type="button"
      role="radio"
      aria-checked=${mode.value === value}
      @click=${() => (mode.value = value)}
    >
      ${label}
    </button>`;
  }

  function notices() {
    const { value: layer } = steps.layer;
    const missing = steps.missing.value;
    const { head } = inspector.selection.value.choice;
    const lines = [
      typeof head === "number" ? undefined : "Steps are of one head; this is head 0 of the layer.",
      layer && missing.length
        ? `This run holds no ${list(missing)} of layer ${layer.layer}${layer.missing ? ` (${layer.missing})` : ""}; the stages that need ${missing.length > 1 ? "them" : "it"} are left out.`
        : undefined,
      steps.mismatch.value,
      steps.stagesFailed.value,
      mode.value === "all" && shown.matrices.value && steps.stages.value && isPooled(steps.stages.value)
        ? `${steps.stages.value.nQueries.toLocaleString("en")} queries x ${steps.stages.value.nKeys.toLocaleString("en")} keys in ${POOLED_CELLS} x ${POOLED_CELLS} cells at most: each shows the largest of those it stands for. Checks are over all of them.`
        : undefined,
    ].filter((line) => line !== undefined);
    return lines.map((line) => html`<p class="notice-line">${line}</p>`);
  }

  function body() {
    if (stage.value === "heads") {
      return headOutputs({
        outputs: steps.outputs.value,
        head: steps.address.value?.head ?? 0,
        queryLabel: inspector.queries.value.labels[steps.query.value] ?? "",
        colours: colours.value,
        hasOutput: steps.layer.value?.has.includes("output") ?? false,
        dimension: dimension.value,
        onDimension: (next) => (dimension.value = next),
        onHead: (head) => inspector.choose({ head }),
      });
    }
    if (isBehindHeads(stage.value))
      return behindHeads(inspector, steps, arrangement, stage.value, colours.value);
    return mode.value === "all" ? allQueries() : oneQuery();
  }

  function allQueries() {
    const { value: matrices } = shown.matrices;
    if (!matrices) return nothing;
    return matricesRow(matrices, stage.value, colours.value, {
      query: inspector.activeQuery.value,
      key: key.value,
      dimension: dimension.value,
      onCell: pointAtCell,
      onLeave: () => {
        inspector.pointed.value = undefined;
        dimension.value = undefined;
      },
      choose: chooseStage,
    });
  }

  function oneQuery() {
    const { value: flow } = shown.flow;
    if (!flow) return nothing;
    const onDimension = (next: number | undefined) => void (dimension.value = next);
    const queryLabel = inspector.queries.value.labels[flow.query] ?? "";
    const at = shown.detailKey.value;
    return html`${flowTable({
      flow,
      checks: steps.row.value!.steps.checks,
      colours: colours.value,
      stage: stage.value,
      keyLabels: inspector.keys.value.labels,
      queryLabel,
      key: key.value,
      dimension: dimension.value,
      window: rows.rows.value,
      onKey: pointAtKey,
      onDimension,
      onScroll: (pixels) => rows.scrolledTo(pixels),
      onChooseQuery: (index) => {
        if (inspector.queries.peek().side === inspector.keys.peek().side) inspector.pin(index);
      },
    })}
    ${
      at === undefined
        ? nothing
        : keyBars(
            { flow, head: steps.head.value, stage: stage.value, key: at },
            {
              query: `${queryLabel} (${flow.query})`,
              key: `${inspector.keys.value.labels[at] ?? ""} (${at})`,
            },
            {
              byContribution: dimensionOrder.value === "contribution",
              marked: dimension.value,
              onMark: onDimension,
            },
          )
    }`;
  }

  return {
    exports: panelExports(inspector, "steps", () =>
      exportedStage(inspector, steps, shown, mode.peek(), colours.peek()),
    ),
    unmount() {
      stop();
      rows.stop();
      steps.stop();
      render(nothing, root);
    },
  };
}

function toggle(label: string, on: boolean, change: (on: boolean) => void) {
  return html`<button type="button" class="toggle" aria-pressed=${on} @click=${() => change(!on)}>
    ${label}
  </button>`;
}

function list(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
