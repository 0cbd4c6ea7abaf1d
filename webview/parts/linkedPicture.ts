import { html, nothing, svg } from "lit-html";
import { classMap } from "lit-html/directives/class-map.js";
import type { Cells } from "../../src/paint/heatmap";
import type { Palette } from "../../src/paint/palette";
import type { Ramp } from "../../src/paint/ramp";
import { cellsPicture } from "./cellsPicture";

/** A matrix as a picture that fills its box; a row and a column are marked in it and in its neighbours. */
export interface LinkedPicture {
  /** What it shows, for a screen reader. */
  readonly label: string;
  readonly cells: Cells;
  readonly ramp: Ramp;
  readonly palette: Palette;
  readonly row?: number;
  readonly column?: number;
  /** From this row on the picture stands back: it is not there yet. */
  readonly fadedFrom?: number;
  /** The value at the mark, in words. */
  readonly here: string;
  onCell(row: number, column: number): void;
  onLeave(): void;
  /** Enter, or a click. */
  onChoose?(row: number, column: number): void;
}

/** Pointer and arrow keys walk the cells. */
export function linkedPicture(picture: LinkedPicture) {
  const { cells, label, ramp, palette, row, column, here, fadedFrom } = picture;
  const cellAt = (event: MouseEvent): [number, number] => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    return [
      inside(Math.floor(((event.clientY - box.top) / box.height) * cells.rows), cells.rows),
      inside(Math.floor(((event.clientX - box.left) / box.width) * cells.columns), cells.columns),
    ];
  };
  const onKey = (event: KeyboardEvent) => {
    const [down, right] = arrows[event.key] ?? [];
    if (down !== undefined && right !== undefined) {
      picture.onCell(inside((row ?? 0) + down, cells.rows), inside((column ?? 0) + right, cells.columns));
    } else if (event.key === "Enter" && picture.onChoose && row !== undefined && column !== undefined) {
      picture.onChoose(row, column);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div
    class=${classMap({ "matrix-picture": true })}
    tabindex="0"
    role="img"
    aria-label=${`${label}, ${cells.rows} by ${cells.columns}; arrow keys walk its cells. ${here}`}
    @pointermove=${(event: PointerEvent) => picture.onCell(...cellAt(event))}
    @pointerleave=${() => picture.onLeave()}
    @click=${(event: MouseEvent) => picture.onChoose?.(...cellAt(event))}
    @keydown=${onKey}
  >
    <canvas aria-hidden="true" ${cellsPicture({ cells, ramp, palette })}></canvas>
    <svg viewBox=${`0 0 ${cells.columns} ${cells.rows}`} preserveAspectRatio="none" aria-hidden="true">
      ${fadedFrom === undefined || fadedFrom >= cells.rows ? nothing : veil(fadedFrom, cells)}
      ${row === undefined ? nothing : mark(0, row, cells.columns, 1)}
      ${column === undefined ? nothing : mark(column, 0, 1, cells.rows)}
    </svg>
  </div>`;
}

const arrows: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
};

function mark(x: number, y: number, width: number, height: number) {
  return svg`<rect class="marked" x=${x} y=${y} width=${width} height=${height} vector-effect="non-scaling-stroke"></rect>`;
}

function veil(from: number, { rows, columns }: Cells) {
  return svg`<rect class="veil" x="0" y=${from} width=${columns} height=${rows - from}></rect>`;
}

function inside(value: number, count: number): number {
  return Math.max(0, Math.min(count - 1, value));
}
