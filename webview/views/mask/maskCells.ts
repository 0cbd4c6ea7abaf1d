import type { Tensor } from "../../../src/core/tensor";
import { quantise, type Cells } from "../../../src/paint/heatmap";
import { scoreScale, type Scale } from "../../../src/paint/scale";
import type { MaskPicture } from "../../../src/protocol/stages";
import { MASK_TINT } from "../../parts/maskLegend";

/** A tensor as it is painted. */
export interface Painted {
  readonly tensor: Tensor;
  readonly cells: Cells;
  readonly scale: Scale;
}

/** What the view paints: of the layer, and of the chosen head. */
export interface MaskPictures {
  readonly mask: Cells;
  /** Keys seen by each query, as the path of bars. */
  readonly bars: string;
  readonly parts: readonly { readonly rule: MaskRule; readonly cells: Cells }[];
  readonly before?: Painted & { readonly isMasked: boolean };
  readonly weights?: Painted;
}

export type MaskRule = MaskPicture["parts"][number]["rule"];

/** A rule that a mask is made of, in words. */
export const ruleNames: Record<MaskRule, string> = {
  causal: "causal",
  window: "sliding window",
  blocks: "blocks",
  padding: "padding",
  other: "no simple rule",
};

export function painted(
  tensor: Tensor,
  isVisible: (query: number, key: number) => boolean,
  given?: Scale,
): Painted {
  const [rows = 0, columns = 0] = tensor.dims;
  const scale =
    given ?? scoreScale(tensor.data, (index) => isVisible(Math.floor(index / columns), index % columns));
  return { tensor, scale, cells: quantise(tensor.data, rows, columns, scale, isVisible) };
}

/** One tint for what is visible, hatched for what is not. */
export function maskCells({ rows, columns }: MaskPicture, visible: Uint8Array): Cells {
  const tint = new Float32Array(visible.length).fill(MASK_TINT);
  const scale: Scale = { kind: "linear", max: 1 };
  return quantise(tint, rows, columns, scale, (row, column) => visible[row * columns + column] === 1);
}

/** A bar of as many keys as each query sees, one row high. */
export function countPath(perQuery: Uint32Array): string {
  return Array.from(perQuery, (count, query) => `M0 ${query}h${count}v1h${-count}z`).join("");
}
