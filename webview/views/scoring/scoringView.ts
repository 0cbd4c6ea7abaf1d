import { computed, effect, signal } from "@preact/signals-core";
import { html, nothing, render } from "lit-html";
import { live } from "lit-html/directives/live.js";
import type { Tensor } from "../../../src/core/tensor";
import { signedText } from "../../../src/paint/numberText";
import { onFrame } from "../../frame";
import { watchColours } from "../../parts/colours";
import { explanation } from "../../parts/explanation";
import { lineChart } from "../../parts/lineChart";
import { chosenHead } from "../../state/chosenHead";
import { load } from "../../state/load";
import { mostCells } from "../../state/runData";
import type { MountedView, ViewContext } from "../view";
import { bothWays } from "./bothWays";
import { bytesText, costCharts, countText, type CostSetting } from "./costCharts";
import { createExperiment, experimentCharts } from "./experiment";
import { scoringExplanation } from "./scoringExplanation";
import { scoringExports } from "./scoringExports";
import { threeWays, type HeadToScore } from "./threeWays";
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
    return state;
  };
  const [q, k] = [vectors("q"), vectors("k")];
  const own = computed(() => {
    const [{ value: ofQ, pending: qPending }, { value: ofK, pending: kPending }] = [q.value, k.value];
    const isThere = ofQ && ofK && !qPending && !kPending;
    return isThere && ofQ.dims[1] === ofK.dims[1] ? { q: ofQ, k: ofK } : undefined;
  });
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
        ${trainedSection(trained, inspector, colours.value)} ${threeWays(head(), inspector, colours.value)}
        ${experimentSection()} ${costSection()} ${explanation(inspector, scoringExplanation)}
      </div>`,
      root,
    );
  });

  function head(): HeadToScore {
    const info = layer.value;
    const nTokens = Math.max(info?.nQueries ?? 0, info?.nKeys ?? 0);
    const failed = q.value.error ?? k.value.error;
    const isAdditive = (info?.additive?.length ?? 0) > 0;
    const [dQuery, dKey] = [q.value.value?.dims[1], k.value.value?.dims[1]];
    return {
      nTokens: info?.nKeys ?? 0,
      dKey,
      isAdditive,
      ways: ways.value,
      whyNot: !info
        ? ""
        : isAdditive
          ? "The scores of this head are additive: there is no product q·k."
          : !info.has.includes("q") || !info.has.includes("k")
            ? "This run holds no q and k of this layer."
            : failed
              ? `q and k of this head could not be read: ${failed.message}`
              : nTokens > mostCells
                ? `Shown up to ${mostCells} tokens; this run has ${nTokens.toLocaleString("en")}.`
                : dQuery !== undefined && dKey !== undefined && dQuery !== dKey
                  ? `The queries of this head have ${dQuery} dimensions and its keys ${dKey}: there is no product q·k.`
                  : "",
    };
  }

  function experimentSection() {
    return html`<section aria-label="What the scale is for">
      <h2>What the scale is for</h2>
      <p class="scheme-formula">
        64 random queries and keys of independent standard normal numbers for each d_k (seed ${seed.value});
        dashed: as many dimensions of this head's own q and k, without its mask.
        <button type="button" class="toggle" @click=${() => (seed.value += 1)}>Draw again</button>
      </p>
      <div class="scoring-charts four">
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
