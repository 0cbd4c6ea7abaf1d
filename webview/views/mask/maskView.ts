import { computed } from "@preact/signals-core";
import { html, nothing, render, svg } from "lit-html";
import type { Tensor } from "../../../src/core/tensor";
import { quantise, type Cells } from "../../../src/paint/heatmap";
import { readoutWeight, signedText } from "../../../src/paint/numberText";
import { scoreScale, weightScale, type Scale } from "../../../src/paint/scale";
import type { Ramp } from "../../../src/paint/ramp";
import type { MaskPicture } from "../../../src/protocol/stages";
import { onFrame } from "../../frame";
import { colourLegend } from "../../parts/colourLegend";
import { watchColours } from "../../parts/colours";
import { explanation, type Explanation } from "../../parts/explanation";
import { panelExports, type Exported, type ExportedAxis } from "../../parts/panelExports";
import { MASK_TINT, maskLegend } from "../../parts/maskLegend";
import { linkedPicture } from "../../parts/linkedPicture";
import type { MountedView, ViewContext } from "../view";
import { createMaskData } from "./maskData";
import { extentOf, keysSeenSentence, masksOfLayers, maskSentence } from "./maskWords";

/** The mask that the model applied, read from the run: scores before it, the mask, the weights after it. */
export function mountMask(root: HTMLElement, { inspector }: ViewContext): MountedView {
  const data = createMaskData(inspector);
  const colours = watchColours(inspector);

  /** Of the layer: another head leaves it as it is. */
  const ofLayer = computed(() => {
    const { value: mask } = data.mask;
    return (
      mask && {
        mask: maskCells(mask, mask.visible),
        bars: countPath(mask.perQuery),
        parts: mask.parts.map(({ rule, visible }) => ({ rule, cells: maskCells(mask, visible) })),
      }
    );
  });
  const pictures = computed(() => {
    const { value: mask } = data.mask;
    if (!mask || !ofLayer.value) return undefined;
    const isVisible = (row: number, column: number) => mask.visible[row * mask.columns + column] === 1;
    const before = data.before.value;
    const weights = data.weights.value;
    const matches = weights?.dims[0] === mask.rows && weights.dims[1] === mask.columns;
    return {
      ...ofLayer.value,
      before: before && {
        ...picture(
          before.tensor,
          before.isMasked && before.tensor.dims[0] === mask.rows ? isVisible : () => true,
        ),
        isMasked: before.isMasked,
      },
      weights:
        weights &&
        picture(
          weights,
          matches ? isVisible : () => true,
          weightScale(inspector.arrangement.value.squareRoot),
        ),
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
    return html`<p class="mask-sentence">${mask ? maskSentence(mask.class) : " "}</p>
      <p class="mask-layers">
        Read from the run, not assumed. ${masksOfLayers(layers)}.
        ${mask ? html`<span>${keysSeenSentence(mask.perQuery, mask.nKeys)}</span>` : nothing}
      </p>
      ${
        mask && data.isPooled.value
          ? html`<p class="notice-line">
              ${mask.nQueries.toLocaleString("en")} queries × ${mask.nKeys.toLocaleString("en")} keys: each
              cell stands for several and shows the largest of them; a cell is visible where any of them is.
            </p>`
          : nothing
      }
      ${data.failed.value ? html`<p class="notice-line">${data.failed.value}</p>` : nothing}`;
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
    const { nQueries, nKeys } = mask;
    const row = query !== undefined && query < nQueries ? query : undefined;
    const column = key !== undefined && key < nKeys ? key : undefined;
    /** Marks and moves in the cells of one picture, which may stand for several tokens each. */
    const linked = (label: string, cells: Cells, ramp: Ramp, here: string) => {
      const cell = (token: number, nTokens: number, nCells: number) =>
        nTokens === nCells ? token : Math.min(nCells - 1, Math.floor(((token + 0.5) * nCells) / nTokens));
      const token = (index: number, nTokens: number, nCells: number) =>
        Math.floor((index * nTokens) / nCells);
      return linkedPicture({
        label,
        cells,
        ramp,
        palette,
        here,
        ...(row !== undefined && { row: cell(row, nQueries, cells.rows) }),
        ...(column !== undefined && { column: cell(column, nKeys, cells.columns) }),
        onCell: (nextRow, nextColumn) =>
          (inspector.pointed.value = {
            kind: "cell",
            query: token(nextRow, nQueries, cells.rows),
            key: token(nextColumn, nKeys, cells.columns),
          }),
        onLeave: () => (inspector.pointed.value = undefined),
        onChoose: (nextRow) => inspector.pin(token(nextRow, nQueries, cells.rows)),
      });
    };
    const valueOf = (dims: readonly number[], values: ArrayLike<number>) => {
      if (row === undefined || column === undefined) return undefined;
      const [rows = 0, columns = 0] = dims;
      const [r, c] = [
        Math.min(rows - 1, Math.floor(((row + 0.5) * rows) / nQueries)),
        Math.min(columns - 1, Math.floor(((column + 0.5) * columns) / nKeys)),
      ];
      return values[r * columns + c];
    };
    const [ofBefore, ofWeights] = [shown.before, shown.weights].map(
      (each) => each && valueOf(each.tensor.dims, each.tensor.data),
    );
    const seen = valueOf([mask.rows, mask.columns], mask.visible);
    const here = {
      before: ofBefore === undefined ? "" : signedText(ofBefore),
      mask: seen === undefined ? "" : seen ? "visible" : "masked",
      weights: ofWeights === undefined ? "" : readoutWeight(ofWeights),
    };
    return html`<div class="mask-pictures">
        <figure>
          <figcaption>${shown.before?.isMasked ? "scores, masked" : "scores before the mask"}</figcaption>
          ${
            shown.before
              ? html`${linked("Scores before the mask", shown.before.cells, signed, here.before)}
                ${colourLegend(shown.before.scale, signed, palette)}`
              : html`<p class="notice-line">
                  ${data.isPooled.value && inspector.layer.value?.has.includes("q") ? "Being recomputed…" : "This run holds no scores, q or k of this layer."}
                </p>`
          }
          <p class="here">${here.before}</p>
        </figure>
        <figure class="with-counts">
          <figcaption>mask <span class="unit">and keys seen by each query</span></figcaption>
          <div class="counted">
            ${linked("Mask", shown.mask, weights, here.mask)}
            ${countBars(shown.bars, mask.perQuery, nKeys, row)}
          </div>
          <div class="counted-legend">
            ${maskLegend(weights, palette)}
            <span class="count-axis" aria-hidden="true"
              ><span>0</span><span>${nKeys.toLocaleString("en")} keys</span></span
            >
          </div>
          <p class="here">
            ${here.mask}${row === undefined ? nothing : html` <span class="unit">sees ${mask.perQuery[row]!.toLocaleString("en")} of ${nKeys.toLocaleString("en")}</span>`}
          </p>
        </figure>
        <figure>
          <figcaption>weights after it</figcaption>
          ${
            shown.weights
              ? html`${linked("Weights after the mask", shown.weights.cells, weights, here.weights)}
                ${colourLegend(shown.weights.scale, weights, palette)}`
              : html`<p class="notice-line">This run holds no weights of this layer.</p>`
          }
          <p class="here">${here.weights}</p>
        </figure>
      </div>
      ${
        shown.parts.length > 1
          ? html`<section class="mask-parts" aria-label="The rules of this mask">
              <h2>A key is visible where every rule shows it</h2>
              <div class="mask-part-row">
                ${shown.parts.map(
                  ({ rule, cells }) =>
                    html`<figure>
                      <figcaption>${partNames[rule]}</figcaption>
                      ${linked(`Rule: ${partNames[rule]}`, cells, weights, "")}
                    </figure>`,
                )}
              </div>
            </section>`
          : nothing
      }`;
  }

  function exported(): Exported | undefined {
    const shown = pictures.peek();
    const mask = data.mask.peek();
    if (!shown || !mask) return undefined;
    const { signed, weights } = colours.peek();
    const axis = (name: "query" | "key", cells: number): ExportedAxis => {
      const { labels } = (name === "query" ? inspector.queries : inspector.keys).peek();
      const index = (i: number) => Math.floor((i * labels.length) / Math.max(1, cells));
      return { name, index, label: (i) => labels[index(i)] ?? "" };
    };
    const panel = (title: string, cells: Cells, values: ArrayLike<number>, scale: Scale, ramp: Ramp) => ({
      title,
      rows: axis("query", cells.rows),
      columns: axis("key", cells.columns),
      values,
      cells,
      scale,
      ramp,
    });
    const unit: Scale = { kind: "linear", max: 1 };
    const { before, weights: after } = shown;
    const counts = Float32Array.from(mask.perQuery);
    const counted: Scale = { kind: "linear", max: mask.nKeys };
    return {
      what: maskSentence(mask.class),
      formula: "softmax(scores + mask)",
      facts: { mask: mask.class, perQuery: Array.from(mask.perQuery) },
      panels: [
        ...(before ? [panel("scores before", before.cells, before.tensor.data, before.scale, signed)] : []),
        { ...panel("mask", shown.mask, mask.visible, unit, weights), isMask: true },
        ...mask.parts
          .filter(() => mask.parts.length > 1)
          .map(({ rule, visible }) => ({
            ...panel(`rule: ${partNames[rule]}`, maskCells(mask, visible), visible, unit, weights),
            isMask: true,
          })),
        {
          ...panel(
            "keys seen",
            quantise(counts, counts.length, 1, counted, () => true),
            counts,
            counted,
            weights,
          ),
          columns: { name: "keys seen" },
        },
        ...(after ? [panel("weights after", after.cells, after.tensor.data, after.scale, weights)] : []),
      ],
    };
  }

  return {
    exports: panelExports(inspector, "mask", exported),
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

function maskCells({ rows, columns }: MaskPicture, visible: Uint8Array): Cells {
  const tint = new Float32Array(visible.length).fill(MASK_TINT);
  const scale: Scale = { kind: "linear", max: 1 };
  return quantise(tint, rows, columns, scale, (row, column) => visible[row * columns + column] === 1);
}

const partNames: Record<MaskPicture["parts"][number]["rule"], string> = {
  causal: "causal",
  window: "sliding window",
  blocks: "blocks",
  padding: "padding",
  other: "no simple rule",
};

function countPath(perQuery: Uint32Array): string {
  return Array.from(perQuery, (count, query) => `M0 ${query}h${count}v1h${-count}z`).join("");
}

/** Bars that share the rows of the mask beside them. */
function countBars(path: string, perQuery: Uint32Array, nKeys: number, row: number | undefined) {
  const { least, most } = extentOf(perQuery);
  return html`<svg
    class="count-bars"
    viewBox=${`0 0 ${nKeys} ${perQuery.length}`}
    preserveAspectRatio="none"
    role="img"
    aria-label=${`Keys seen by each query: from ${least} to ${most} of ${nKeys}`}
  >
    <path d=${path}></path>
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
