import { html, nothing, svg } from "lit-html";
import { signedText, tickText } from "../../../src/paint/numberText";

/** One vector as bars: a name, and one number for each dimension. */
export interface BarRow {
  readonly name: string;
  readonly values: Float32Array;
  /** Its sum says something (the product). */
  readonly sums?: boolean;
}

/** Several vectors over the same dimensions, bars under each other; each row on its own scale. */
export interface DimensionBars {
  readonly title: string;
  readonly rows: readonly BarRow[];
  /** Which dimension stands where. */
  readonly order: readonly number[];
  /** The dimension that is marked here and elsewhere. */
  readonly marked?: number;
  onMark(dimension: number | undefined): void;
}

const rowHeight = 44;
const gap = 6;

export function dimensionBars({ title, rows, order, marked, onMark }: DimensionBars) {
  const n = order.length;
  if (n === 0 || rows.length === 0) return nothing;
  const at = marked === undefined ? -1 : order.indexOf(marked);
  const move = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    onMark(order[Math.min(n - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * n)))]);
  };
  const onKey = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowRight: Math.min(n - 1, at + 1),
      ArrowLeft: Math.max(0, at < 0 ? n - 1 : at - 1),
      Home: 0,
      End: n - 1,
    };
    const next = moves[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    onMark(order[next]);
  };
  const valueText = (row: BarRow) => (marked === undefined ? "" : signedText(row.values[marked]!));
  const spoken =
    marked === undefined
      ? `${n} dimensions`
      : `dimension ${marked}: ${rows.map((row) => `${row.name} ${valueText(row)}`).join(", ")}`;
  return html`<figure class="dimension-bars">
    <figcaption>${title}</figcaption>
    <div class="bar-grid">
      <div class="bar-names" aria-hidden="true">
        ${rows.map(
          (row) =>
            html`<div class="bar-name">
              <span>${row.name} <small>${extentText(row.values)}</small></span>
              <b
                >${marked === undefined ? (row.sums ? `Σ ${signedText(sum(row.values))}` : "") : valueText(row)}</b
              >
            </div>`,
        )}
      </div>
      <div
        class="bar-plot"
        role="slider"
        tabindex="0"
        aria-label=${title}
        aria-valuemin="0"
        aria-valuemax=${n - 1}
        aria-valuenow=${Math.max(0, at)}
        aria-valuetext=${spoken}
        @pointermove=${move}
        @pointerleave=${() => onMark(undefined)}
        @keydown=${onKey}
      >
        <svg
          viewBox=${`0 0 ${n} ${rows.length * (rowHeight + gap) - gap}`}
          height=${rows.length * (rowHeight + gap) - gap}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          ${at < 0 ? nothing : svg`<rect class="marked" x=${at} y="0" width="1" height="100%"></rect>`}
          ${rows.map((row, i) => barPath(row, order, i * (rowHeight + gap)))}
        </svg>
      </div>
    </div>
    <p class="bar-note">
      ${marked === undefined ? `${n} dimensions; hover one to follow it` : html`dimension <b>${marked}</b>`}
    </p>
  </figure>`;
}

/** What the longest bar stands for. */
function extentText(values: Float32Array): string {
  const largest = largestOf(values);
  return largest > 0 ? `±${tickText(largest)}` : "";
}

function largestOf(values: Float32Array): number {
  let largest = 0;
  for (const value of values) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return largest;
}

/** Two paths for a row, above and below its zero line: far fewer nodes than one rectangle a dimension. */
function barPath({ values }: BarRow, order: readonly number[], top: number) {
  const largest = largestOf(values);
  const middle = top + rowHeight / 2;
  const unit = largest > 0 ? rowHeight / 2 / largest : 0;
  let above = "";
  let below = "";
  order.forEach((dimension, x) => {
    const value = values[dimension]!;
    if (!Number.isFinite(value) || value === 0) return;
    const bar = `M${x + 0.08} ${middle}h0.84v${-value * unit}h-0.84z`;
    if (value > 0) above += bar;
    else below += bar;
  });
  return svg`<path class="positive" d=${above}></path><path class="negative" d=${below}></path>
    <path class="zero" d=${`M0 ${middle}H${order.length}`} vector-effect="non-scaling-stroke"></path>`;
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
