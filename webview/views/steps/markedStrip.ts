import { html, nothing } from "lit-html";
import type { Cells } from "../../../src/paint/heatmap";
import { cellsPicture } from "../../parts/cellsPicture";
import type { Colours } from "../../parts/colours";

/** One vector as a strip of cells, one dimension of it marked. */
export interface MarkedStrip {
  readonly cells: Cells;
  readonly label: string;
  readonly colours: Colours;
  readonly marked?: number;
  /** The dimension under the pointer; nothing when it leaves. */
  onMark(dimension: number | undefined): void;
}

export function markedStrip({ cells, label, colours, marked, onMark }: MarkedStrip) {
  const { columns } = cells;
  const move = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const at = Math.floor(((event.clientX - box.left) / box.width) * columns);
    onMark(Math.max(0, Math.min(columns - 1, at)));
  };
  return html`<span class="strip-cells" @pointermove=${move} @pointerleave=${() => onMark(undefined)}
    ><canvas
      role="img"
      aria-label=${label}
      ${cellsPicture({ cells, ramp: colours.signed, palette: colours.palette })}
    ></canvas
    >${
      marked === undefined || marked >= columns
        ? nothing
        : html`<svg viewBox=${`0 0 ${columns} 1`} preserveAspectRatio="none" aria-hidden="true">
            <rect class="marked" x=${marked} y="0" width="1" height="1"></rect>
          </svg>`
    }</span
  >`;
}
