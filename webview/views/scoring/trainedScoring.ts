import { computed, signal } from "@preact/signals-core";
import { html } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { entropyBits } from "../../../src/core/softmax";
import { quantise, type Cells } from "../../../src/paint/heatmap";
import { readoutWeight, signedText, tableWeight } from "../../../src/paint/numberText";
import { weightScale } from "../../../src/paint/scale";
import { tokenLabels } from "../../../src/paint/tokenText";
import type { ScoringRun, ScoringRuns } from "../../../src/protocol/scoringRuns";
import { dropdown, textButton } from "../../controls";
import { colourLegend } from "../../parts/colourLegend";
import type { Colours } from "../../parts/colours";
import { labelledMatrix } from "../../parts/labelledMatrix";
import type { Inspector } from "../../state/inspector";
import { load } from "../../state/load";
import { countText, scoringNames } from "./costCharts";
import { scoringFormulas } from "./scoringFormulas";

/** A run of one of the models as it is shown. */
export interface TrainedRun {
  readonly run: ScoringRun;
  readonly cells: Cells;
  /** Of the written tokens and the end: the rows. */
  readonly rowLabels: readonly string[];
  readonly columnLabels: readonly string[];
  readonly output: string;
  /** Mean over the rows. */
  readonly entropyBits: number;
}

/** What was asked for; empty: a text that the models' cards propose. Kept while the page lives. */
const asked = signal<string | undefined>(undefined);
const typed = signal<string | undefined>(undefined);
/** The cell that is marked in all three. */
const marked = signal<{ readonly row: number; readonly column: number } | undefined>(undefined);

/** The same task learned with each scoring function, on one input: where each model looks, and what it writes. */
export function createTrainedScoring(inspector: Inspector) {
  const { host, run, arrangement } = inspector;
  const own = computed(() => {
    const shown = run.value;
    return shown?.targetTokens && shown.model.source === "embedded" ? shown.text.trim() : "";
  });
  const { state, stop } = load<ScoringRuns>(() => {
    if (!run.value) return undefined;
    const text = asked.value ?? own.value;
    return { key: text, ask: (signal) => host.remote.scoringRuns({ text }, { signal }) };
  });
  const shown = computed((): readonly TrainedRun[] =>
    (state.value.value?.runs ?? []).map((each) => trainedRun(each, arrangement.value.squareRoot)),
  );
  return { state, shown, stop };
}

export type TrainedScoring = ReturnType<typeof createTrainedScoring>;

function trainedRun(run: ScoringRun, squareRoot: boolean): TrainedRun {
  const [rows, columns] = [run.target.length, run.source.length];
  let entropy = 0;
  for (let row = 0; row < rows; row++) {
    entropy += entropyBits(run.weights.subarray(row * columns, (row + 1) * columns)) / rows;
  }
  const target = tokenLabels(run.target);
  return {
    run,
    cells: quantise(run.weights, rows, columns, weightScale(squareRoot), () => true),
    rowLabels: [...target.slice(1), run.end === "end-token" ? "end" : "…"],
    columnLabels: tokenLabels(run.source),
    output: run.target
      .slice(1)
      .map(({ text }) => text)
      .join(""),
    entropyBits: entropy,
  };
}

export function trainedSection({ state, shown }: TrainedScoring, inspector: Inspector, colours: Colours) {
  const { value, error, pending } = state.value;
  const text = typed.value ?? value?.text ?? "";
  const run = (next: string) => {
    asked.value = next;
    typed.value = next;
    marked.value = undefined;
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    run((event.target as HTMLInputElement).value);
  };
  return html`<section aria-label="Three models, one task">
    <h2>Three models, one task</h2>
    <p class="scheme-formula">
      The same recurrent encoder-decoder, trained three times to write dates as year-month-day; only its
      scoring function differs.
    </p>
    <div class="target-form">
      <label class="field"
        >Input
        <input
          class="text-input"
          type="text"
          maxlength="48"
          .value=${live(text)}
          @input=${(event: Event) => (typed.value = (event.target as HTMLInputElement).value)}
          @keydown=${onKey}
      /></label>
      ${textButton("Run", () => run(text), "secondary")}
      ${
        value?.samples.length
          ? dropdown(
              "Examples",
              [
                ...(value.samples.includes(text) ? [] : [{ value: text, label: "Examples" }]),
                ...value.samples.map((sample) => ({ value: sample, label: sample })),
              ],
              text,
              run,
            )
          : ""
      }
    </div>
    ${error ? html`<p class="notice-line" role="alert">${error.message}</p>` : ""}
    <div class="scoring-columns trained" aria-busy=${String(pending)}>
      ${shown.value.map((each) => column(each, inspector, colours))}
    </div>
  </section>`;
}

/** A share of texts that are exactly right reads as one. */
function metricText(name: string, value: number): string {
  const isShare = name.startsWith("exact") && value >= 0 && value <= 1;
  return isShare ? `${Number((100 * value).toPrecision(4))} %` : String(Number(value.toPrecision(4)));
}

function column(shown: TrainedRun, inspector: Inspector, { palette, weights: ramp }: Colours) {
  const { run, cells, rowLabels, columnLabels } = shown;
  const at = marked.value;
  const inside = at && at.row < cells.rows && at.column < cells.columns ? at : undefined;
  const here = inside ? readoutWeight(run.weights[inside.row * cells.columns + inside.column]!) : "";
  const scale = weightScale(inspector.arrangement.value.squareRoot);
  return html`<figure class="scored">
    <figcaption>
      <b>${scoringNames[run.scoring]}</b> <span class="token-text">${scoringFormulas[run.scoring]}</span>
    </figcaption>
    ${labelledMatrix({
      label: `Cross-attention by ${scoringNames[run.scoring]}`,
      cells,
      rowLabels,
      columnLabels,
      ramp,
      palette,
      row: inside?.row,
      column: inside?.column,
      here,
      onCell: (row, column) => (marked.value = { row, column }),
      onLeave: () => (marked.value = undefined),
    })}
    <p class="here">
      ${
        inside
          ? html`<bdi>${rowLabels[inside.row]}</bdi> → <bdi>${columnLabels[inside.column]}</bdi>
              <b>${here}</b>`
          : colourLegend(scale, ramp, palette, "weight")
      }
    </p>
    <dl class="costs">
      <dt>writes</dt>
      <dd>
        <bdi class="token-text">${shown.output}</bdi>
        (${tableWeight(run.probabilities.reduce((a, b) => a * b, 1))})
      </dd>
      <dt>entropy of a row, here</dt>
      <dd>${signedText(shown.entropyBits)} bits</dd>
      ${
        run.parameters
          ? html`<dt>parameters</dt>
              <dd>${countText(run.parameters)}</dd>`
          : ""
      }
      ${Object.entries(run.metrics)
        .filter(([name]) => !name.startsWith("weight on"))
        .map(
          ([name, value]) =>
            html`<dt>${name}</dt>
              <dd>${metricText(name, value)}</dd>`,
        )}
    </dl>
  </figure>`;
}
