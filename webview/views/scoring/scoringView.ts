import { computed, effect, signal } from "@preact/signals-core";
import { html, nothing, render } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { scoringCost } from "../../../src/core/scoring/costs";
import type { ScoringFunction } from "../../../src/core/scoring/functions";
import type { Tensor } from "../../../src/core/tensor";
import { readoutWeight, signedText } from "../../../src/paint/numberText";
import { weightScale } from "../../../src/paint/scale";
import { onFrame } from "../../frame";
import { colourLegend } from "../../parts/colourLegend";
import { watchColours } from "../../parts/colours";
import { explanation } from "../../parts/explanation";
import { lineChart } from "../../parts/lineChart";
import { linkedPicture } from "../../parts/linkedPicture";
import { chosenHead } from "../../state/chosenHead";
import { load } from "../../state/load";
import { mostCells } from "../../state/runData";
import type { MountedView, ViewContext } from "../view";
import { bothWays, type ScoredHead } from "./bothWays";
import { bytesText, costCharts, countText, scoringNames, type CostSetting } from "./costCharts";
import { createExperiment, experimentCharts } from "./experiment";
import { scoringExplanation } from "./scoringExplanation";
import { scoringExports } from "./scoringExports";
import { scoringFormulas } from "./scoringFormulas";
import { createTrainedScoring, trainedSection } from "./trainedScoring";

/** Kept while the page lives. */
const seed = signal(1);
const setting = signal<CostSetting>({
  along: "n",
  n: 512,
  d: 64,
  window: 128,
  block: 64,
  nBlocks: 4,
  rank: 128,
});

/** Additive, dot and scaled dot product: what they do, what the scale is for, and what they cost. */
export function mountScoring(root: HTMLElement, { inspector, data }: ViewContext): MountedView {
  const { run, layer, host } = inspector;
  const colours = watchColours(inspector);
  const experiment = createExperiment();
  const trained = createTrainedScoring(inspector);
  const stops: (() => void)[] = [];
  const address = chosenHead(inspector);
  const vectors = (which: "q" | "k") => {
    const { state, stop } = load<Tensor>(() => {
      const runId = run.value?.runId;
      if (!runId || !address.value || !layer.value?.has.includes(which)) return undefined;
      const query = { runId, address: address.value, which };
      return { key: JSON.stringify(query), ask: (signal) => host.remote.headVectors(query, { signal }) };
    }, 16);
    stops.push(stop);
    return computed(() => (state.value.pending ? undefined : state.value.value));
  };
  const [q, k] = [vectors("q"), vectors("k")];
  const own = computed(() =>
    q.value && k.value && q.value.dims[1] === k.value.dims[1] ? { q: q.value, k: k.value } : undefined,
  );
  const ways = computed(() => {
    const { value } = own;
    const isVisible = data.isVisible.value;
    if (!value || !isVisible || Math.max(value.q.dims[0]!, value.k.dims[0]!) > mostCells) return undefined;
    return bothWays(value.q, value.k, isVisible);
  });
  const experimentPlots = computed(() => experimentCharts(experiment.random.value, experiment.ofRun.value));
  const costPlots = computed(() => costCharts(setting.value));
  const markedDimension = signal<number | undefined>(undefined);
  const markedCost = signal<number | undefined>(undefined);
  stops.push(
    effect(() => experiment.draw(seed.value)),
    effect(() => experiment.take(own.value)),
  );

  const stop = onFrame(() => {
    render(
      html`<div class="scoring">
        ${trainedSection(trained, inspector, colours.value)} ${columns()} ${experimentSection()}
        ${costSection()} ${explanation(inspector, scoringExplanation)}
      </div>`,
      root,
    );
  });

  function columns() {
    const nTokens = layer.value?.nKeys ?? 0;
    const dKey = q.value?.dims[1];
    const shown = ways.value;
    return html`<section aria-label="Three ways to score">
      <h2>Three ways to score, on this head</h2>
      <div class="scoring-columns">
        ${(["additive", "dot", "scaled"] as const).map(
          (scoring) =>
            html`<figure>
              <figcaption>
                <b>${scoringNames[scoring]}</b> <span class="token-text">${scoringFormulas[scoring]}</span>
              </figcaption>
              ${
                scoring === "additive"
                  ? html`<p class="notice-line">
                      Has weights of its own (W_q, W_k, v), trained with the model, so it cannot be computed
                      from this model's q and k.
                    </p>`
                  : shown
                    ? picture(scoring, scoring === "dot" ? shown.plain : shown.scaled)
                    : html`<p class="notice-line">
                        ${layer.value && !layer.value.has.includes("q") ? "This run holds no q and k of this layer." : nTokens > mostCells ? "Shown up to 512 tokens." : ""}
                      </p>`
              }
              ${dKey ? costs(scoring, nTokens, dKey) : nothing}
            </figure>`,
        )}
      </div>
    </section>`;
  }

  function picture(scoring: "dot" | "scaled", head: ScoredHead) {
    const { palette, weights: ramp } = colours.value;
    const at = inspector.pointed.value;
    const [nQueries = 0, nKeys = 0] = head.weights.dims;
    const query = inspector.activeQuery.value;
    const row = query !== undefined && query < nQueries ? query : undefined;
    const column = at?.kind === "cell" && at.key < nKeys ? at.key : undefined;
    const here =
      row === undefined || column === undefined
        ? ""
        : readoutWeight(head.weights.data[row * nKeys + column]!);
    return html`${linkedPicture({
        label: `Weights by ${scoringNames[scoring]}`,
        cells: head.cells,
        ramp,
        palette,
        row,
        column,
        here,
        onCell: (nextRow, nextColumn) =>
          (inspector.pointed.value = { kind: "cell", query: nextRow, key: nextColumn }),
        onLeave: () => (inspector.pointed.value = undefined),
        onChoose: (nextRow) => inspector.pin(nextRow),
      })}
      ${colourLegend(weightScale(true), ramp, palette)}
      <p class="here">
        ${here ? html`<b>${here}</b>` : nothing} entropy <b>${signedText(head.entropyBits)}</b> bits, largest
        weight <b>${readoutWeight(head.largestWeight)}</b> <span class="unit">(means)</span>
      </p>`;
  }

  function costs(scoring: ScoringFunction, n: number, d: number) {
    const { parameters, operations, memory } = scoringCost(scoring, n, d);
    return html`<dl class="costs">
      <dt>parameters</dt>
      <dd>${countText(parameters)}</dd>
      <dt>operations</dt>
      <dd>${countText(operations)}</dd>
      <dt>memory</dt>
      <dd>${bytesText(memory)}</dd>
    </dl>`;
  }

  function experimentSection() {
    return html`<section aria-label="What the scale is for">
      <h2>What the scale is for</h2>
      <p class="scheme-formula">
        64 random queries and keys of independent standard normal numbers for each d_k (seed ${seed.value});
        dashed: as many dimensions of this head's own q and k, without its mask.
        <button type="button" class="toggle" @click=${() => (seed.value += 1)}>Draw again</button>
      </p>
      <div class="scoring-charts">
        ${experimentPlots.value.map((chart) =>
          lineChart({
            ...chart,
            width: 420,
            height: 190,
            marked: markedDimension.value,
            onMark: (x) => (markedDimension.value = x),
            describe: (value) => signedText(value),
            describeX: (value) => `d_k ${value}`,
          }),
        )}
      </div>
    </section>`;
  }

  function costSection() {
    const { scoring, patterns } = costPlots.value;
    const current = setting.value;
    const plot = (chart: (typeof scoring)[number]) =>
      lineChart({
        ...chart,
        width: 420,
        height: 200,
        marked: markedCost.value,
        onMark: (x) => (markedCost.value = x),
        describe: chart.title.startsWith("Memory") ? bytesText : countText,
        describeX: (value) => `${current.along} ${value.toLocaleString("en")}`,
      });
    return html`<section aria-label="What they cost">
      <h2>What they cost, one head</h2>
      <div class="sliders">
        <div class="segmented" role="radiogroup" aria-label="Along the axis">
          ${(["n", "d"] as const).map(
            (along) =>
              html`<button
                type="button"
                role="radio"
                aria-checked=${current.along === along}
                @click=${() => ((setting.value = { ...current, along }), (markedCost.value = undefined))}
              >
                over ${along}
              </button>`,
          )}
        </div>
        ${current.along === "n" ? slider("d", "d", 2, 12) : slider("n", "n", 4, 20)}
        ${slider("window", "window", 4, 14)} ${slider("rank", "rank", 3, 12)}
        ${slider("block", "block", 3, 10)}
      </div>
      <div class="scoring-charts">${scoring.map(plot)} ${patterns.map(plot)}</div>
    </section>`;
  }

  function slider(label: string, name: "n" | "d" | "window" | "rank" | "block", from: number, to: number) {
    const value = setting.value[name];
    const shown = value.toLocaleString("en");
    return html`<label class="field">
      ${label}
      <input
        type="range"
        min=${from}
        max=${to}
        step="1"
        aria-valuetext=${shown}
        .value=${live(String(Math.round(Math.log2(value))))}
        @input=${(event: Event) =>
          (setting.value = {
            ...setting.peek(),
            [name]: 2 ** Number((event.target as HTMLInputElement).value),
          })}
      />
      <output>${shown}</output>
    </label>`;
  }

  return {
    exports: scoringExports(inspector, trained),
    unmount() {
      stop();
      experiment.stop();
      trained.stop();
      stops.forEach((each) => each());
      render(nothing, root);
    },
  };
}
