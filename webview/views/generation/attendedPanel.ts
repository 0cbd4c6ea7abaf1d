import { signal } from "@preact/signals-core";
import { html, nothing } from "lit-html";
import { quantise } from "../../../src/paint/heatmap";
import { readoutWeight, tableWeight } from "../../../src/paint/numberText";
import { weightScale } from "../../../src/paint/scale";
import { choiceTitle } from "../../parts/figureText";
import { colourLegend } from "../../parts/colourLegend";
import type { Colours } from "../../parts/colours";
import { cssVariables } from "../../parts/cssVariables";
import { labelledMatrix } from "../../parts/labelledMatrix";
import type { Inspector } from "../../state/inspector";
import { mostCells } from "../../state/runData";
import type { AttendedRows, GenerationData, RowOf } from "./generationData";

const N_KEYS = 6;

/** Which earlier tokens a token attends to: the strongest keys, and all keys layer by layer. */
export function attendedPanel(inspector: Inspector, data: GenerationData, colours: Colours) {
  const rows = data.attended.value;
  const { labels } = inspector.source.value;
  const at = data.at.value;
  const name = labels[at];
  const query = labels[data.query.value] ?? "";
  return html`<section aria-label="What it attends to" class="attended">
    <h2>
      What ${name === undefined ? "the next token" : html`<bdi class="token-text">${name}</bdi>`} attends to
    </h2>
    <div class="attended-choice">
      ${rowChoice(data)}
      <span class="hint"
        >${data.rowOf.value === "writer" ? "the row of" : "its own row:"}
        <bdi class="token-text">${query}</bdi> (${data.query.value})</span
      >
    </div>
    ${rows ? html`${strongest(inspector, rows)} ${byLayer(inspector, rows, colours)}` : nothing}
  </section>`;
}

const choices: readonly (readonly [RowOf, string])[] = [
  ["writer", "Row that wrote it"],
  ["own", "Its own row"],
];

function rowChoice(data: GenerationData) {
  const choose = (next: RowOf) => {
    const at = data.at.peek();
    data.rowOf.value = next;
    data.go(at);
  };
  return html`<div class="segmented" role="radiogroup" aria-label="Row of attention">
    ${choices.map(
      ([each, label]) =>
        html`<button
          type="button"
          role="radio"
          aria-checked=${data.rowOf.value === each}
          @click=${() => choose(each)}
        >
          ${label}
        </button>`,
    )}
  </div>`;
}

function strongest(inspector: Inspector, { chosen, layerMean }: AttendedRows) {
  const { choice } = inspector.selection.value;
  const lists = [
    [choiceTitle(choice, 1), chosen],
    ...(choice.head === "mean"
      ? []
      : [[`Layer ${inspector.layer.value?.layer ?? 0}, mean of heads`, layerMean]]),
  ] as [string, Float32Array][];
  return html`<div class="strongest">${lists.map(([title, row]) => list(inspector, title, row))}</div>`;
}

function list({ source, pointed, run }: Inspector, title: string, row: Float32Array) {
  const { labels } = source.value;
  const written = run.value?.generated?.start ?? Infinity;
  const keys = [...row.keys()]
    .filter((key) => row[key]! > 0)
    .sort((a, b) => row[b]! - row[a]!)
    .slice(0, N_KEYS);
  return html`<figure>
    <figcaption>${title}</figcaption>
    <ol class="key-bars">
      ${keys.map(
        (key) =>
          html`<li
            class=${key >= written ? "written-key" : ""}
            @pointerenter=${() => (pointed.value = { kind: "token", axis: "key", index: key })}
            @pointerleave=${() => (pointed.value = undefined)}
            ${cssVariables({ share: row[key]! })}
          >
            <bdi class="token-text">${labels[key]}</bdi> <span class="unit">${key}</span>
            <b>${tableWeight(row[key]!)}</b>
          </li>`,
      )}
    </ol>
  </figure>`;
}

/** The layer under the pointer or at the keyboard; the page's own otherwise. */
const layerAt = signal<number | undefined>(undefined);

/** Rows are layers (means of their heads), columns the tokens up to the query. */
function byLayer(
  inspector: Inspector,
  { perLayer, query }: AttendedRows,
  { palette, weights: ramp }: Colours,
) {
  const nKeys = query + 1;
  if (nKeys > mostCells) return html`<p class="notice-line">Layer by layer it is shown up to 512 tokens.</p>`;
  const data = new Float32Array(perLayer.length * nKeys);
  perLayer.forEach(({ row }, index) => data.set(row.subarray(0, nKeys), index * nKeys));
  const scale = weightScale(inspector.arrangement.value.squareRoot);
  const cells = quantise(data, perLayer.length, nKeys, scale, () => true);
  const pointed = inspector.pointed.value;
  const column = pointed?.kind === "token" && pointed.axis === "key" ? pointed.index : undefined;
  const shown = layerAt.value ?? inspector.layer.value?.layer;
  const chosen = perLayer.findIndex(({ layer }) => layer === shown);
  const key = column !== undefined && column < nKeys ? column : undefined;
  const here = key === undefined || chosen < 0 ? "" : readoutWeight(data[chosen * nKeys + key]!);
  const { labels } = inspector.source.value;
  return html`<figure class="by-layer">
    <figcaption>Mean of heads, layer by layer</figcaption>
    ${labelledMatrix({
      label: "Mean weight of each layer on each token",
      cells,
      rowLabels: perLayer.map(({ layer }) => `L${layer}`),
      columnLabels: labels.slice(0, nKeys),
      ramp,
      palette,
      row: chosen < 0 ? undefined : chosen,
      column: key,
      here,
      onCell: (row, nextKey) => {
        layerAt.value = perLayer[row]!.layer;
        inspector.pointed.value = { kind: "token", axis: "key", index: nextKey };
      },
      onLeave: () => {
        layerAt.value = undefined;
        inspector.pointed.value = undefined;
      },
      onChoose: (row) => inspector.choose({ layer: perLayer[row]!.layer }),
    })}
    <p class="here">
      ${here ? html`L${perLayer[chosen]!.layer} → <bdi>${labels[key!]}</bdi> <b>${here}</b>` : colourLegend(scale, ramp, palette, "weight")}
    </p>
  </figure>`;
}
