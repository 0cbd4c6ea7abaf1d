import { quantise, type Cells } from "../../../src/paint/heatmap";
import type { Ramp } from "../../../src/paint/ramp";
import type { Scale } from "../../../src/paint/scale";
import type { MaskPicture } from "../../../src/protocol/stages";
import type { Colours } from "../../parts/colours";
import type { Exported, ExportedAxis } from "../../parts/panelExports";
import type { Inspector } from "../../state/inspector";
import { maskCells, ruleNames, type MaskPictures } from "./maskCells";
import { maskSentence } from "./maskWords";

/** The pictures of the mask with their numbers, to be saved. */
export function exportedMask(
  inspector: Inspector,
  shown: MaskPictures,
  mask: MaskPicture,
  { signed, weights }: Colours,
): Exported {
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
          ...panel(`rule: ${ruleNames[rule]}`, maskCells(mask, visible), visible, unit, weights),
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
