import { computed, signal } from "@preact/signals-core";
import { html, nothing, render } from "lit-html";
import type { HeadTensors } from "../../../src/core/steps";
import type { ProjectionSlice } from "../../../src/protocol/projection";
import { onFrame } from "../../frame";
import { watchColours, type Colours } from "../../parts/colours";
import { explanation } from "../../parts/explanation";
import { panelExports, type Exported, type ExportedAxis } from "../../parts/panelExports";
import type { MountedView, ViewContext } from "../view";
import { dimensionBars, type BarRow } from "./dimensionBars";
import { flowRowHeight, flowTable } from "./flowTable";
import { formulaBar } from "./formulaBar";
import { headOutputs } from "./headOutputs";
import { additionPictures } from "./additionPictures";
import { aroundSentence, whyNot } from "./projectionData";
import { contributionOf, projectionStage } from "./projectionStage";
import { residualStage } from "./residualStage";
import { maskReason } from "./maskReason";
import { makeFlow } from "./queryFlow";
import { isBehindHeads, stageTexts, type Stage } from "./stage";
import { matricesRow, stageMatrices, type ShownStages, type StageMatrix } from "./stageMatrices";
import {
  exportedAdditions,
  exportedFlow,
  exportedHeads,
  exportedMatrices,
  exportedProjection,
} from "./stepsExports";
import { stepsExplanation } from "./stepsExplanation";
import { createStepsArrangement, createStepsData, POOLED_CELLS } from "./stepsData";

/** Kept while the page lives, so that coming back to the tab finds it as it was. */
const arrangement = createStepsArrangement();

/** Rows drawn beyond what is seen, so that scrolling does not show gaps. */
const overscan = 8;
const shownAtOnce = 40;

/** How a head's weights and output come about, stage by stage, with this run's numbers. */
export function mountSteps(root: HTMLElement, { inspector, data }: ViewContext): MountedView {
  const steps = createStepsData(inspector, arrangement);
  const colours = watchColours(inspector);
  const scrollTop = signal(0);
  const { mode, keyOrder, dimensionOrder, dimension, modelDimension } = arrangement;

  const isVisible = computed(() => data.isVisible.value ?? (() => true));
  const flow = computed(() => {
    const row = steps.row.value;
    if (!row || mode.value !== "one") return undefined;
    const query = steps.query.value;
    const visible = isVisible.value;
    const layer = steps.layer.value;
    const biasKind = steps.whole.value?.bias?.kind;
    return makeFlow(row.head, row.steps, query, keyOrder.value, (key) => visible(query, key), {
      ...(biasKind && { biasKind }),
      ...(layer && { maskReason: (key: number) => maskReason(layer, query, key) }),
    });
  });
  const matrices = computed(() => {
    const shown = steps.stages.value;
    return shown && stageMatrices(shown, pictureMask(shown), inspector.arrangement.value.squareRoot);
  });
  /** The mask's word on the cells of a picture: of the layer, or where pooled what the scores say. */
  function pictureMask(shown: ShownStages): (row: number, column: number) => boolean {
    if (!isPooled(shown)) return isVisible.value;
    const { bias } = shown;
    const columns = bias?.dims[1] ?? 0;
    return (row, column) => !bias || bias.data[row * columns + column] !== -Infinity;
  }

  const texts = computed(() => {
    const found = steps.whole.value ?? steps.row.value?.steps;
    const { q, additive } = steps.head.value;
    return stageTexts(q?.dims[1], found?.scale, found?.bias, additive !== undefined);
  });
  /** The chosen stage; the first one where this layer does not have it (additive scores have no scale). */
  const stage = computed((): Stage =>
    texts.value.some(({ stage: each }) => each === arrangement.stage.value)
      ? arrangement.stage.value
      : "product",
  );
  const chooseStage = (next: Stage) => (arrangement.stage.value = next);
  /** The key under the pointer, else the one with the largest weight. */
  const key = computed(() => {
    const at = inspector.pointed.value;
    if (at?.kind === "cell") return at.key;
    return at?.kind === "token" && at.axis === "key" ? at.index : undefined;
  });
  const detailKey = computed(() => key.value ?? strongest(flow.value?.weights));

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
        ${formulaBar(texts.value, stage.value, chooseStage)} ${toolbar()} ${notices()} ${body()}
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
      steps.stagesFailed.value,
      mode.value === "all" && matrices.value && steps.stages.value && isPooled(steps.stages.value)
        ? `${steps.stages.value.nQueries.toLocaleString("en")} queries x ${steps.stages.value.nKeys.toLocaleString("en")} keys in ${POOLED_CELLS} x ${POOLED_CELLS} cells at most: each shows the largest of those it stands for. Checks are over all of them.`
        : undefined,
    ].filter((line) => line !== undefined);
    return lines.map((line) => html`<p class="notice-line">${line}</p>`);
  }

  function body() {
    const shownColours = colours.value;
    if (stage.value === "heads") {
      return headOutputs({
        outputs: steps.outputs.value,
        head: steps.address.value?.head ?? 0,
        queryLabel: inspector.queries.value.labels[steps.query.value] ?? "",
        colours: shownColours,
        hasOutput: steps.layer.value?.has.includes("output") ?? false,
        dimension: dimension.value,
        onDimension: (next) => (dimension.value = next),
        onHead: (head) => inspector.choose({ head }),
      });
    }
    if (isBehindHeads(stage.value)) return behindHeads(shownColours);
    if (mode.value === "all") {
      return matrices.value
        ? matricesRow(matrices.value, stage.value, shownColours, {
            query: inspector.activeQuery.value,
            key: key.value,
            dimension: dimension.value,
            onCell: pointAtCell,
            onLeave: () => {
              inspector.pointed.value = undefined;
              dimension.value = undefined;
            },
            choose: chooseStage,
          })
        : nothing;
    }
    const { value: shown } = flow;
    if (!shown) return nothing;
    const start = Math.max(0, Math.floor(scrollTop.value / flowRowHeight) - overscan);
    return html`${flowTable({
      flow: shown,
      checks: steps.row.value!.steps.checks,
      colours: shownColours,
      stage: stage.value,
      keyLabels: inspector.keys.value.labels,
      queryLabel: inspector.queries.value.labels[shown.query] ?? "",
      key: key.value,
      dimension: dimension.value,
      window: { start, count: shownAtOnce + 2 * overscan },
      onKey: pointAtKey,
      onDimension: (next) => (dimension.value = next),
      onScroll: (pixels) => (scrollTop.value = pixels),
      onChooseQuery: (index) => {
        if (inspector.queries.peek().side === inspector.keys.peek().side) inspector.pin(index);
      },
    })}
    ${bars()}`;
  }

  /** W_O and the residual stream: of one query, or for all as lengths and directions. */
  function behindHeads(shownColours: Colours) {
    const missing = whyNot(steps.layer.value);
    const { slice, additions } = steps.projection;
    const { value: loaded, error } = mode.value === "all" ? additions.value : slice.value;
    if (missing) return html`<p class="notice-line">${missing}</p>`;
    if (error) return html`<p class="notice-line">${error.message}</p>`;
    if (!loaded) return nothing;
    if (mode.value === "all") {
      return additionPictures({
        slice: additions.value.value!,
        nHeads: steps.layer.value?.nHeads ?? 1,
        nQueries: steps.layer.value?.nQueries ?? 0,
        head: arrangement.pointedHead.value ?? steps.address.value?.head ?? 0,
        query: inspector.activeQuery.value,
        colours: shownColours,
        onCell: (index, head) => {
          inspector.pointed.value = { kind: "token", axis: "query", index };
          arrangement.pointedHead.value = head;
        },
        onLeave: () => {
          inspector.pointed.value = undefined;
          arrangement.pointedHead.value = undefined;
        },
        onHead: (head) => inspector.choose({ head }),
      });
    }
    const shown = slice.value.value!;
    const queryLabel = `${inspector.queries.value.labels[shown.query] ?? ""} (${shown.query})`;
    const marks = {
      slice: shown,
      queryLabel,
      colours: shownColours,
      modelDimension: modelDimension.value,
      onModelDimension: (next: number | undefined) => (modelDimension.value = next),
    };
    const notes = shown.around.map((each) => html`<p class="notice-line">${aroundSentence[each]}</p>`);
    if (stage.value === "projection") {
      return html`${notes}
      ${projectionStage({ ...marks, dimension: dimension.value, onDimension: (next) => (dimension.value = next) })}
      ${modelBars(shown, queryLabel)}`;
    }
    return html`${notes}
    ${residualStage({
      ...marks,
      head: steps.address.value?.head ?? 0,
      onHead: (head) => inspector.choose({ head }),
    })}
    ${modelBars(shown, queryLabel)}`;
  }

  /** The residual stream dimension by dimension: what this head adds, all heads, and the stream itself. */
  function modelBars(shown: ProjectionSlice, queryLabel: string) {
    const added = contributionOf(shown);
    const rows: BarRow[] = [
      { name: `H${shown.head} adds`, values: added },
      { name: "attention", values: shown.output },
      ...(shown.before ? [{ name: "x before", values: shown.before }] : []),
      ...(shown.after && stage.value === "residual" ? [{ name: "x after", values: shown.after }] : []),
    ];
    const order = Array.from(added.keys());
    if (dimensionOrder.value === "contribution")
      order.sort((a, b) => Math.abs(added[b]!) - Math.abs(added[a]!));
    return dimensionBars({
      title: `${queryLabel}: the residual stream, dimension by dimension`,
      rows,
      order,
      marked: modelDimension.value,
      onMark: (next) => (modelDimension.value = next),
    });
  }

  /** The vectors behind the current stage for the marked key, dimension by dimension. */
  function bars() {
    const { value: shown } = flow;
    const at = detailKey.value;
    if (!shown || at === undefined) return nothing;
    const isValues = stage.value === "values";
    const rowOf = (
      strips: { tensor: { dims: readonly number[]; data: Float32Array } } | undefined,
      row: number,
    ) => {
      const columns = strips?.tensor.dims[1] ?? 0;
      return strips?.tensor.data.subarray(row * columns, (row + 1) * columns);
    };
    const keyName = `${inspector.keys.value.labels[at]} (${at})`;
    const queryName = `${inspector.queries.value.labels[shown.query]} (${shown.query})`;
    const { k, v, additive } = steps.head.value;
    const bent = additive && bentSum(additive, shown.query, at);
    const candidates: [string, Float32Array | undefined, boolean][] = isValues
      ? [
          ["v of key", v && rowOf({ tensor: v }, at), false],
          ["weight × v", rowOf(shown.values, at), false],
          ["output", rowOf(shown.output, 0), false],
        ]
      : additive
        ? [
            ["W_q q", rowOf(shown.q, 0), false],
            ["W_k k", rowOf({ tensor: additive.k }, at), false],
            ["tanh(q + k)", bent, false],
            ["v", additive.v, false],
            ["v ∘ tanh", rowOf(shown.terms, at), true],
          ]
        : [
            ["q", rowOf(shown.q, 0), false],
            ["k", k && rowOf({ tensor: k }, at), false],
            ["q ∘ k", rowOf(shown.terms, at), true],
          ];
    const rows = candidates.flatMap(([name, values, sums]): BarRow[] =>
      values ? [{ name, values, sums }] : [],
    );
    const last = rows.at(-1)?.values;
    if (!last) return nothing;
    const order = Array.from(last.keys());
    if (dimensionOrder.value === "contribution")
      order.sort((a, b) => Math.abs(last[b]!) - Math.abs(last[a]!));
    return dimensionBars({
      title: `${queryName} → ${keyName}, dimension by dimension`,
      rows,
      order,
      marked: dimension.value,
      onMark: (next) => (dimension.value = next),
    });
  }

  /** Rows or columns that stand for tokens: the index and text of the first token of each. */
  function axis(name: "query" | "key", cells: number): ExportedAxis {
    const { labels } = (name === "query" ? inspector.queries : inspector.keys).peek();
    const index = (i: number) => Math.floor((i * labels.length) / Math.max(1, cells));
    return { name, index, label: (i) => labels[index(i)] ?? "" };
  }

  function exported(): Exported | undefined {
    const shown = colours.peek();
    const axes = {
      query: (cells: number) => axis("query", cells),
      key: (cells: number) => axis("key", cells),
    };
    const query = steps.query.peek();
    const of = `query ${inspector.queries.peek().labels[query] ?? ""} (${query})`;
    const term = (wanted: Stage) => texts.peek().find((each) => each.stage === wanted)?.term ?? "";
    const inside = ["product", "scale", "bias"] as const;
    const formula = `softmax( ${inside.map(term).filter(Boolean).join(" ")} ) · ${term("values")}`;
    const { slice, additions } = steps.projection;
    if (isBehindHeads(stage.peek())) {
      const all = mode.peek() === "all" ? additions.peek().value : undefined;
      if (all) return exportedAdditions(all, steps.layer.peek()?.nHeads ?? 1, shown);
      const one = slice.peek().value;
      return one && exportedProjection(one, shown, `W_O and the residual stream, ${of}`);
    }
    const outputs = steps.outputs.peek();
    if (stage.peek() === "heads") return outputs && exportedHeads(outputs, shown, `Heads, ${of}`);
    const all = matrices.peek();
    if (mode.peek() === "all") return all && exportedMatrices(all, shown, axes, formula);
    const one = flow.peek();
    const row = steps.row.peek();
    return one && row && exportedFlow(one, row.steps.checks, shown, axes, `Steps, ${of}`, formula);
  }

  return {
    exports: panelExports(inspector, "steps", exported),
    unmount() {
      stop();
      steps.stop();
      render(nothing, root);
    },
  };
}

/** tanh(q + k) of one query and key. */
function bentSum({ q, k }: NonNullable<HeadTensors["additive"]>, query: number, key: number): Float32Array {
  const d = k.dims[1] ?? 0;
  return Float32Array.from({ length: d }, (_, i) => Math.tanh(q.data[query * d + i]! + k.data[key * d + i]!));
}

function toggle(label: string, on: boolean, change: (on: boolean) => void) {
  return html`<button type="button" class="toggle" aria-pressed=${on} @click=${() => change(!on)}>
    ${label}
  </button>`;
}

function isPooled({ weights, product, nQueries, nKeys }: ShownStages): boolean {
  const [rows, columns] = (weights ?? product)?.dims ?? [nQueries, nKeys];
  return rows !== nQueries || columns !== nKeys;
}

function strongest(weights: Float32Array | undefined): number | undefined {
  if (!weights?.length) return undefined;
  let best = 0;
  weights.forEach((weight, key) => {
    if (weight > weights[best]!) best = key;
  });
  return best;
}

function list(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
