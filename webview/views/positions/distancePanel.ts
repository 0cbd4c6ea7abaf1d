import { html, nothing, svg } from "lit-html";
import { readoutWeight } from "../../../src/paint/numberText";
import { measureWords, type ShownMeasure } from "../../../src/core/measures/measure";
import type { Chart } from "../../../src/paint/chart";
import type { DistanceSlice } from "../../../src/protocol/positions";
import { lineChart } from "../../parts/lineChart";

/** Small curves of all heads, and the chosen head's large. */
export interface DistancePanel {
  readonly slice: DistanceSlice;
  readonly curves: readonly HeadCurve[];
  readonly layer: number | "all";
  readonly head: number | "mean" | "max";
  /** What is chosen for the other views; these curves are of the attention weights whatever it is. */
  readonly measure: ShownMeasure;
  readonly marked?: number;
  onMark(distance: number | undefined): void;
  onChoose(layer: number, head: number): void;
}

/** One head's mean weight over distance as a path of a 100 x 30 box; made once for a run. */
export interface HeadCurve {
  readonly layer: number;
  readonly head: number;
  readonly path: string;
  /** Distance with the largest mean weight, for the name of the button. */
  readonly peak: number;
  readonly peakWeight: number;
}

/** Small curves show this many distances; what is farther is in the large chart. */
const NEAR = 48;

export function headCurves(slice: DistanceSlice): HeadCurve[] {
  let row = -1;
  return slice.layers.flatMap(({ layer, nHeads }) =>
    Array.from({ length: nHeads }, (_, head) => {
      row++;
      const values = slice.mean.subarray(row * slice.nDistances, (row + 1) * slice.nDistances);
      return { layer, head, ...smallCurve(values, slice.firstDistance) };
    }),
  );
}

function smallCurve(values: Float32Array, firstDistance: number) {
  const from = Math.max(0, -NEAR - firstDistance);
  const to = Math.min(values.length, NEAR - firstDistance + 1);
  let peakWeight = 0;
  let peak = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > peakWeight) [peakWeight, peak] = [values[i]!, i + firstDistance];
  }
  const width = 100 / Math.max(1, to - from - 1);
  let path = "";
  let isOpen = false;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      isOpen = false;
      continue;
    }
    const y = 29 - (peakWeight > 0 ? Math.sqrt(value / peakWeight) : 0) * 28;
    path += `${isOpen ? "L" : "M"}${((i - from) * width).toFixed(1)} ${y.toFixed(1)}`;
    isOpen = true;
  }
  return { path, peak, peakWeight };
}

export function distancePanel(panel: DistancePanel) {
  const { slice, curves, layer, head, marked } = panel;
  const rows = slice.layers.map((info) => ({
    ...info,
    curves: curves.filter((curve) => curve.layer === info.layer),
  }));
  return html`<section class="distances" aria-label="Mean weight over distance">
    <h2>What the heads make of it: mean attention weight over distance</h2>
    ${
      panel.measure === "weights"
        ? nothing
        : html`<p class="notice-line">
            These are means of the attention weights themselves; the chosen measure,
            ${measureWords[panel.measure].one}, changes nothing here.
          </p>`
    }
    <div class="distance-body">
      <div class="curve-grid" role="group" aria-label="All heads">
        <div class="curve-row" aria-hidden="true">
          <span class="curve-label"></span>
          ${Array.from({ length: Math.max(0, ...rows.map(({ nHeads }) => nHeads)) }, (_, head) => html`<span class="curve-head">H${head}</span>`)}
        </div>
        ${rows.map(
          (row) =>
            html`<div class="curve-row">
              <span class="curve-label">L${row.layer}</span>
              ${row.curves.map(
                (curve) =>
                  html`<button
                    type="button"
                    aria-pressed=${curve.layer === layer && curve.head === head}
                    title=${curveTitle(curve)}
                    aria-label=${curveTitle(curve)}
                    @click=${() => panel.onChoose(curve.layer, curve.head)}
                  >
                    ${svg`<svg viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true"><path class="curve c0" d=${curve.path} vector-effect="non-scaling-stroke"></path></svg>`}
                  </button>`,
              )}
            </div>`,
        )}
        <p class="unit">
          Each from near to ${NEAR} tokens, on a square-root scale of its own; click one to see it large.
        </p>
      </div>
      ${largeChart(slice, layer, head, marked, panel.onMark)}
    </div>
  </section>`;
}

function largeChart(
  slice: DistanceSlice,
  layer: number | "all",
  head: number | "mean" | "max",
  marked: number | undefined,
  onMark: (distance: number | undefined) => void,
) {
  const isMean = typeof head !== "number" || layer === "all";
  return lineChart({
    ...distanceChart(slice, layer, head),
    title: isMean
      ? `Mean of ${layer === "all" ? "all layers" : `layer ${layer}`}`
      : `Layer ${layer}, head ${head}`,
    width: 520,
    height: 220,
    marked,
    onMark,
    describe: readoutWeight,
    describeX: (value) => (value === 0 ? "itself" : value > 0 ? `${value} back` : `${-value} ahead`),
  });
}

/** Mean weight over distance of the chosen head and of its layer. */
export function distanceChart(
  slice: DistanceSlice,
  layer: number | "all",
  head: number | "mean" | "max",
): Chart {
  const xs = Array.from({ length: slice.nDistances }, (_, i) => slice.firstDistance + i);
  const rowsOf = (wanted: number | "all") => {
    let row = 0;
    const rows: number[] = [];
    for (const info of slice.layers) {
      for (let i = 0; i < info.nHeads; i++, row++)
        if (wanted === "all" || info.layer === wanted) rows.push(row);
    }
    return rows;
  };
  const rows = rowsOf(layer);
  const at = (row: number, i: number) => slice.mean[row * slice.nDistances + i]!;
  const mean = xs.map((_, i) => rows.reduce((sum, row) => sum + at(row, i), 0) / Math.max(1, rows.length));
  const own = typeof head === "number" ? rows[head] : undefined;
  const where = layer === "all" ? "all layers" : `layer ${layer}`;
  return {
    x: { label: "distance back (query − key)", scale: "linear", isWhole: true },
    y: { label: "mean attention weight", scale: "linear" },
    series: [
      ...(own === undefined
        ? []
        : [{ name: `head ${head}`, x: xs, y: xs.map((_, i) => at(own, i)), colour: 0 }]),
      { name: `mean of ${where}`, x: xs, y: mean, colour: 4, dash: "dashed" as const },
    ],
  };
}

function curveTitle({ layer, head, peak, peakWeight }: HeadCurve): string {
  const where = peak === 0 ? "itself" : peak > 0 ? `${peak} back` : `${-peak} ahead`;
  return `L${layer} H${head}: most at ${where}, mean weight ${readoutWeight(peakWeight)}`;
}
