import { computed } from "@preact/signals-core";
import { html, nothing, render, svg } from "lit-html";
import type { Tensor } from "../../../src/core/tensor";
import { quantise, type Cells } from "../../../src/paint/heatmap";
import { readoutWeight, signedText } from "../../../src/paint/numberText";
import { scoreScale, weightScale, type Scale } from "../../../src/paint/scale";
import { onFrame } from "../../frame";
import { colourLegend } from "../../parts/colourLegend";
import { watchColours } from "../../parts/colours";
import { explanation, type Explanation } from "../../parts/explanation";
import { linkedPicture } from "../../parts/linkedPicture";
import type { MountedView, ViewContext } from "../view";
import { createMaskData, type ReadMask } from "./maskData";
import { masksOfLayers, maskSentence } from "./maskWords";

/** The mask that the model applied, read from the run: scores before it, the mask, the weights after it. */
export function mountMask(root: HTMLElement, { inspector }: ViewContext): MountedView {
  const data = createMaskData(inspector);
  const colours = watchColours(inspector);

  const pictures = computed(() => {
    const { value: mask } = data.mask;
    if (!mask) return undefined;
    const { visible, nKeys } = mask.visibility;
    const isVisible = (query: number, key: number) => visible[query * nKeys + key] === 1;
    const before = data.before.value;
    const weights = data.weights.value;
    return {
      mask: maskPicture(mask),
      before: before && {
        ...picture(before.tensor, before.isMasked ? isVisible : () => true),
        isMasked: before.isMasked,
      },
      weights: weights && picture(weights, isVisible, weightScale(inspector.arrangement.value.squareRoot)),
    };
  });

  const stop = onFrame(() => {
    render(
      html`<div class="mask">${words()} ${body()} ${explanation(inspector, maskExplanation)}</div>`,
      root,
    );
  });

  function words() {
    const { value: mask } = data.mask;
    const layers = inspector.block.value?.layers ?? [];
    const layer = inspector.layer.value;
    if (data.isTooLarge.value && layer) {
      return html`<p class="notice-line">
        ${masksOfLayers([layer])}: read from the run. Cell by cell it is shown up to 512 tokens; here are
        ${Math.max(layer.nQueries, layer.nKeys).toLocaleString("en")}.
      </p>`;
    }
    return html`<p class="mask-sentence">${mask ? maskSentence(mask.class) : " "}</p>
      <p class="mask-layers">Read from the run, not assumed. ${masksOfLayers(layers)}.</p>`;
  }

  function body() {
    const shown = pictures.value;
    const { value: mask } = data.mask;
    if (!shown || !mask) return nothing;
    const { palette, signed, weights } = colours.value;
    const at = inspector.pointed.value;
    const query = inspector.activeQuery.value;
    const key =
      at?.kind === "cell" ? at.key : at?.kind === "token" && at.axis === "key" ? at.index : undefined;
    const { nQueries, nKeys } = mask.visibility;
    const row = query !== undefined && query < nQueries ? query : undefined;
    const column = key !== undefined && key < nKeys ? key : undefined;
    const marks = {
      palette,
      row,
      column,
      onCell: (nextQuery: number, nextKey: number) =>
        (inspector.pointed.value = { kind: "cell", query: nextQuery, key: nextKey }),
      onLeave: () => (inspector.pointed.value = undefined),
      onChoose: (nextQuery: number) => inspector.pin(nextQuery),
    };
    const cell = row === undefined || column === undefined ? undefined : row * nKeys + column;
    const here = {
      before: cell === undefined || !shown.before ? "" : signedText(shown.before.tensor.data[cell]!),
      mask: cell === undefined ? "" : mask.visibility.visible[cell] ? "visible" : "masked",
      weights: cell === undefined || !shown.weights ? "" : readoutWeight(shown.weights.tensor.data[cell]!),
    };
    return html`<div class="mask-pictures">
      <figure>
        <figcaption>${shown.before?.isMasked ? "scores, masked" : "scores before the mask"}</figcaption>
        ${
          shown.before
            ? html`${linkedPicture({ ...marks, ...shown.before, label: "Scores before the mask", ramp: signed, here: here.before })}
              ${colourLegend(shown.before.scale, signed, palette)}`
            : html`<p class="notice-line">This run holds no scores, q or k of this layer.</p>`
        }
        <p class="here">${here.before}</p>
      </figure>
      <figure class="with-counts">
        <figcaption>mask <span class="unit">and keys seen by each query</span></figcaption>
        <div class="counted">
          ${linkedPicture({ ...marks, cells: shown.mask, label: "Mask", ramp: weights, here: here.mask })}
          ${countBars(mask.perQuery, nKeys, row)}
        </div>
        <span class="colour-legend">tinted: visible; hatched: masked</span>
        <p class="here">
          ${here.mask}${row === undefined ? nothing : html` <span class="unit">sees ${mask.perQuery[row]} of ${nKeys}</span>`}
        </p>
      </figure>
      <figure>
        <figcaption>weights after it</figcaption>
        ${
          shown.weights
            ? html`${linkedPicture({ ...marks, ...shown.weights, label: "Weights after the mask", ramp: weights, here: here.weights })}
              ${colourLegend(shown.weights.scale, weights, palette)}`
            : html`<p class="notice-line">This run holds no weights of this layer.</p>`
        }
        <p class="here">${here.weights}</p>
      </figure>
    </div>`;
  }

  return {
    unmount() {
      stop();
      data.stop();
      render(nothing, root);
    },
  };
}

function picture(
  tensor: Tensor,
  isVisible: (query: number, key: number) => boolean,
  given?: Scale,
): { tensor: Tensor; cells: Cells; scale: Scale } {
  const [rows = 0, columns = 0] = tensor.dims;
  const scale =
    given ?? scoreScale(tensor.data, (index) => isVisible(Math.floor(index / columns), index % columns));
  return { tensor, scale, cells: quantise(tensor.data, rows, columns, scale, isVisible) };
}

/** One tint of the ramp for what is visible. */
const TINT = 0.3;

function maskPicture({ visibility: { nQueries, nKeys, visible } }: ReadMask): Cells {
  const tint = new Float32Array(visible.length).fill(TINT);
  return quantise(
    tint,
    nQueries,
    nKeys,
    { kind: "linear", max: 1 },
    (query, key) => visible[query * nKeys + key] === 1,
  );
}

/** Bars that share the rows of the mask beside them. */
function countBars(perQuery: Uint32Array, nKeys: number, row: number | undefined) {
  const bars = Array.from(perQuery, (count, query) => `M0 ${query}h${count}v1h${-count}z`).join("");
  return html`<svg
    class="count-bars"
    viewBox=${`0 0 ${nKeys} ${perQuery.length}`}
    preserveAspectRatio="none"
    role="img"
    aria-label=${`Keys seen: from ${Math.min(...perQuery)} to ${Math.max(...perQuery)} of ${nKeys}`}
  >
    <path d=${bars}></path>
    ${row === undefined ? nothing : svg`<rect class="marked" x="0" y=${row} width=${nKeys} height="1"></rect>`}
  </svg>`;
}

const maskExplanation: Explanation = {
  view: "mask",
  words: html`<p>
    A mask says which keys a query may look at. It is added to the scores before softmax: 0 where a key is
    visible, −∞ where it is not, so that a hidden key's weight is exactly 0. A <b>causal</b> mask hides what
    comes later, so that a model can learn to predict it; a <b>padding</b> mask hides filling tokens; a
    <b>sliding window</b> hides what is far away, so that long texts stay affordable. A head without a mask is
    called bidirectional.
  </p>`,
  formula: "weights = softmax(scores + mask), mask ∈ {0, −∞}",
  papers: [
    {
      text: "Vaswani et al. 2017, Attention Is All You Need, § 3.2.3",
      url: "https://arxiv.org/abs/1706.03762",
    },
    {
      text: "Beltagy et al. 2020, Longformer: sliding windows, § 3.1",
      url: "https://arxiv.org/abs/2004.05150",
    },
  ],
};
