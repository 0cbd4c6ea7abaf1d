import { computed } from "@preact/signals-core";
import { html, nothing, render } from "lit-html";
import { weightScale } from "../../../src/paint/scale";
import { onFrame } from "../../frame";
import { watchColours } from "../../parts/colours";
import { explanation } from "../../parts/explanation";
import { panelExports } from "../../parts/panelExports";
import type { MountedView, ViewContext } from "../view";
import { countPath, maskCells, painted, type MaskPictures } from "./maskCells";
import { createMaskData } from "./maskData";
import { maskExplanation } from "./maskExplanation";
import { exportedMask } from "./maskExports";
import { maskPictures } from "./maskPictures";
import { keysSeenSentence, masksOfLayers, maskSentence } from "./maskWords";

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
  const pictures = computed((): MaskPictures | undefined => {
    const { value: mask } = data.mask;
    if (!mask || !ofLayer.value) return undefined;
    const isVisible = (row: number, column: number) => mask.visible[row * mask.columns + column] === 1;
    const before = data.before.value;
    const weights = data.weights.value;
    const matches = weights?.dims[0] === mask.rows && weights.dims[1] === mask.columns;
    return {
      ...ofLayer.value,
      ...(before && {
        before: {
          ...painted(
            before.tensor,
            before.isMasked && before.tensor.dims[0] === mask.rows ? isVisible : () => true,
          ),
          isMasked: before.isMasked,
        },
      }),
      ...(weights && {
        weights: painted(
          weights,
          matches ? isVisible : () => true,
          weightScale(inspector.arrangement.value.squareRoot),
        ),
      }),
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
    const at = inspector.pointed.value;
    const key =
      at?.kind === "cell" ? at.key : at?.kind === "token" && at.axis === "key" ? at.index : undefined;
    return maskPictures(shown, mask, {
      queryLabels: inspector.queries.value.labels,
      keyLabels: inspector.keys.value.labels,
      query: inspector.activeQuery.value,
      key,
      colours: colours.value,
      noScores: data.noScores.value,
      onCell: (query, nextKey) => (inspector.pointed.value = { kind: "cell", query, key: nextKey }),
      onLeave: () => (inspector.pointed.value = undefined),
      onChoose: (query) => inspector.pin(query),
    });
  }

  return {
    exports: panelExports(inspector, "mask", () => {
      const shown = pictures.peek();
      const mask = data.mask.peek();
      return shown && mask && exportedMask(inspector, shown, mask, colours.peek());
    }),
    unmount() {
      stop();
      data.stop();
      render(nothing, root);
    },
  };
}
