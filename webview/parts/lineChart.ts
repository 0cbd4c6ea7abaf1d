import { html, nothing, svg, type TemplateResult } from "lit-html";
import { layoutChart, nearestPoint, type Chart, type ChartLayout } from "../../src/paint/chart";

/** A chart on the page. */
export interface LineChart extends Chart {
  /** Its title, above it; also its name for a screen reader. */
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** The place along x that is marked in this chart and in its neighbours: a value of x. */
  readonly marked?: number;
  /** Under the pointer or at the keyboard: a value of x; nothing when it leaves. */
  onMark?(x: number | undefined): void;
  /** One value as text, with its unit. */
  describe(value: number): string;
  /** x as text ("64 dimensions"); the bare number when absent. */
  describeX?(value: number): string;
}

/** The chart as SVG with its values at the marked place beside the names of the curves. Keys: left, right, Home, End. */
export function lineChart(chart: LineChart): TemplateResult {
  const layout = layoutChart(chart, chart.width, chart.height);
  const xs = chart.series.reduce<ArrayLike<number>>((most, { x }) => (x.length > most.length ? x : most), []);
  const at = chart.marked === undefined ? -1 : nearestPoint(layout, xs, layout.toX(chart.marked));
  const here = at < 0 ? undefined : xs[at]!;
  const describeX = chart.describeX ?? ((value: number) => String(value));
  const values = chart.series.map((series) => {
    // A curve that has no point there says nothing: its nearest one may be far away.
    const i = here === undefined ? -1 : Array.prototype.indexOf.call(series.x, here);
    return i < 0 ? undefined : series.y[i];
  });
  const spoken =
    here === undefined
      ? `${chart.series.map(({ name }) => name).join(", ")} over ${chart.x.label}`
      : `${describeX(here)}: ${chart.series
          .map(({ name }, i) => `${name} ${values[i] === undefined ? "none" : chart.describe(values[i])}`)
          .join(", ")}`;
  const move = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const index = nearestPoint(layout, xs, ((event.clientX - box.left) * chart.width) / box.width);
    chart.onMark?.(index < 0 ? undefined : xs[index]);
  };
  const onKey = (event: KeyboardEvent) => {
    const last = xs.length - 1;
    const moves: Record<string, number> = {
      ArrowRight: Math.min(last, at + 1),
      ArrowLeft: Math.max(0, at < 0 ? last : at - 1),
      Home: 0,
      End: last,
    };
    const next = moves[event.key];
    if (next === undefined || last < 0) return;
    event.preventDefault();
    event.stopPropagation();
    chart.onMark?.(xs[next]);
  };
  return html`<figure class="chart">
    <figcaption>
      <span class="chart-title">${chart.title}</span>
      <span class="chart-here">${here === undefined ? nothing : describeX(here)}</span>
    </figcaption>
    <div
      class="chart-plot"
      role="slider"
      tabindex="0"
      aria-label=${chart.title}
      aria-valuemin="0"
      aria-valuemax=${Math.max(0, xs.length - 1)}
      aria-valuenow=${Math.max(0, at)}
      aria-valuetext=${spoken}
      @pointermove=${move}
      @pointerleave=${() => chart.onMark?.(undefined)}
      @keydown=${onKey}
    >
      <svg viewBox=${`0 0 ${chart.width} ${chart.height}`} aria-hidden="true">
        ${axes(chart, layout)} ${curves(chart, layout)} ${marks(chart, layout, here, values)}
      </svg>
    </div>
    <ul class="chart-names">
      ${chart.series.map(
        (series, i) =>
          html`<li>
            <svg width="20" height="8" aria-hidden="true">
              <path class=${`curve c${series.colour} ${series.dash ?? "solid"}`} d="M0 4H20"></path>
            </svg>
            ${series.name}${values[i] === undefined ? nothing : html` <b>${chart.describe(values[i])}</b>`}
          </li>`,
      )}
    </ul>
  </figure>`;
}

function axes(chart: Chart, { left, right, top, bottom, xMarks, yMarks }: ChartLayout) {
  return svg`<g class="axes">
    ${yMarks.map(({ at }) => svg`<path class="grid" d=${`M${left} ${at}H${right}`}></path>`)}
    <path class="frame" d=${`M${left} ${top}V${bottom}H${right}`}></path>
    ${yMarks.map(({ at, text }) => svg`<text x=${left - 5} y=${at + 3.5} text-anchor="end">${text}</text>`)}
    ${xMarks.map(
      ({ at, text }) => svg`<path class="tick" d=${`M${at} ${bottom}v3`}></path>
        <text x=${at} y=${bottom + 14} text-anchor="middle">${text}</text>`,
    )}
    <text class="axis-label" x=${(left + right) / 2} y=${bottom + 28} text-anchor="middle">${chart.x.label}</text>
    <text class="axis-label" transform=${`translate(10 ${(top + bottom) / 2}) rotate(-90)`} text-anchor="middle">${
      chart.y.label
    }</text>
  </g>`;
}

function curves(chart: Chart, layout: ChartLayout) {
  return chart.series.map(
    (series, i) =>
      svg`<path class=${`curve c${series.colour} ${series.dash ?? "solid"}`} d=${layout.paths[i]!}></path>`,
  );
}

function marks(
  chart: Chart,
  layout: ChartLayout,
  here: number | undefined,
  values: readonly (number | undefined)[],
) {
  if (here === undefined) return nothing;
  const x = layout.toX(here);
  return svg`<path class="here" d=${`M${x} ${layout.top}V${layout.bottom}`}></path>
    ${values.map((value, i) => {
      const y = value === undefined ? NaN : layout.toY(value);
      return Number.isFinite(y)
        ? svg`<circle class=${`dot c${chart.series[i]!.colour}`} cx=${x} cy=${y} r="3"></circle>`
        : nothing;
    })}`;
}
