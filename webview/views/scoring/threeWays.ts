import { html, nothing } from "lit-html";
import { scoringCost } from "../../../src/core/scoring/costs";
import type { ScoringFunction } from "../../../src/core/scoring/functions";
import { readoutWeight, signedText } from "../../../src/paint/numberText";
import { weightScale } from "../../../src/paint/scale";
import { colourLegend } from "../../parts/colourLegend";
import type { Colours } from "../../parts/colours";
import { hasLabels, tokenMatrix } from "../../parts/tokenMatrix";
import type { Inspector } from "../../state/inspector";
import type { bothWays, ScoredHead } from "./bothWays";
import { bytesText, countText, scoringNames } from "./costCharts";
import { scoringFormulas } from "./scoringFormulas";

/** The chosen head's own q and k, scored with and without the scale. */
export interface HeadToScore {
  readonly nTokens: number;
  readonly dKey: number | undefined;
  /** Its model scores additively. */
  readonly isAdditive: boolean;
  readonly ways: ReturnType<typeof bothWays> | undefined;
  /** Why `ways` is absent, as a sentence; empty while it is on its way. */
  readonly whyNot: string;
}

const ADDITIVE_ELSEWHERE =
  "Has weights of its own (W_q, W_k, v), trained with the model, so it cannot be computed from this model's q and k.";
const ADDITIVE_HERE =
  "This head's own scores: Steps follows vᵀ tanh(W_q q + W_k k) dimension by dimension, with this run's numbers.";

/** Additive, dot product and scaled dot product beside each other, with what each costs. */
export function threeWays(head: HeadToScore, inspector: Inspector, colours: Colours) {
  const { ways } = head;
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
                ? html`<p class="notice-line">${head.isAdditive ? ADDITIVE_HERE : ADDITIVE_ELSEWHERE}</p>`
                : ways
                  ? picture(scoring, scoring === "dot" ? ways.plain : ways.scaled, inspector, colours)
                  : html`<p class="notice-line">${head.whyNot}</p>`
            }
            ${head.dKey ? costs(scoring, head.nTokens, head.dKey) : nothing}
          </figure>`,
      )}
    </div>
  </section>`;
}

function picture(
  scoring: "dot" | "scaled",
  head: ScoredHead,
  inspector: Inspector,
  { palette, weights: ramp }: Colours,
) {
  const at = inspector.pointed.value;
  const [nQueries = 0, nKeys = 0] = head.weights.dims;
  const query = inspector.activeQuery.value;
  const row = query !== undefined && query < nQueries ? query : undefined;
  const column = at?.kind === "cell" && at.key < nKeys ? at.key : undefined;
  const here =
    row === undefined || column === undefined ? "" : readoutWeight(head.weights.data[row * nKeys + column]!);
  const labels = {
    rowLabels: inspector.queries.value.labels,
    columnLabels: inspector.keys.value.labels,
  };
  return html`${tokenMatrix({
      label: `Weights by ${scoringNames[scoring]}`,
      cells: head.cells,
      ramp,
      palette,
      row,
      column,
      here,
      ...labels,
      onCell: (nextRow, nextColumn) =>
        (inspector.pointed.value = { kind: "cell", query: nextRow, key: nextColumn }),
      onLeave: () => (inspector.pointed.value = undefined),
      onChoose: (nextRow) => inspector.pin(nextRow),
    })}
    ${colourLegend(weightScale(true), ramp, palette, hasLabels(labels) ? "weight" : "weight, query ↓ key →")}
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
