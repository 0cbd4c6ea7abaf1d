import { ticks } from "d3-array";
import { line } from "d3-shape";
import { tickText } from "./numberText";

/** One axis of a chart; `log` axes show what is above 0 only. */
export interface ChartAxis {
  readonly label: string;
  readonly scale: "linear" | "log";
  /** Absent: what the series cover. */
  readonly domain?: readonly [number, number];
  /** Absent: round values. */
  readonly marks?: readonly number[];
  /** Counts something: no marks between whole numbers. */
  readonly isWhole?: boolean;
}

/** A curve; numbers that are not finite leave a gap. */
export interface ChartSeries {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** Place in the categorical colours; curves of one colour differ by their dash. */
  readonly colour: number;
  readonly dash?: "solid" | "dashed" | "dotted";
}

export interface Chart {
  readonly x: ChartAxis;
  readonly y: ChartAxis;
  readonly series: readonly ChartSeries[];
}

/** A mark of an axis: its text, and where it is in pixels. */
export interface ChartMark {
  readonly at: number;
  readonly text: string;
}

/** A chart in pixels: the plot's rectangle, the marks of the axes, and each curve as an SVG path. */
export interface ChartLayout {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly xMarks: readonly ChartMark[];
  readonly yMarks: readonly ChartMark[];
  readonly paths: readonly string[];
  /** Pixels of a value. */
  readonly toX: (value: number) => number;
  readonly toY: (value: number) => number;
}

/** Room for the labels of the axes, in pixels. */
const room = { left: 46, right: 8, top: 8, bottom: 32 };

export function layoutChart(chart: Chart, width: number, height: number): ChartLayout {
  const left = room.left;
  const right = Math.max(left + 1, width - room.right);
  const top = room.top;
  const bottom = Math.max(top + 1, height - room.bottom);
  const xDomain = domainOf(
    chart.x,
    chart.series.map(({ x }) => x),
  );
  const yDomain = domainOf(
    chart.y,
    chart.series.map(({ y }) => y),
  );
  const toX = projection(chart.x, xDomain, left, right);
  const toY = projection(chart.y, yDomain, bottom, top);
  const isInside = (axis: ChartAxis, value: number) =>
    Number.isFinite(value) && (axis.scale === "linear" || value > 0);
  const paths = chart.series.map(({ x, y }) => {
    const draw = line<number>()
      .defined((i) => isInside(chart.x, x[i]!) && isInside(chart.y, y[i]!))
      .x((i) => round(toX(x[i]!)))
      .y((i) => round(toY(y[i]!)));
    return draw(Array.from({ length: Math.min(x.length, y.length) }, (_, i) => i)) ?? "";
  });
  return {
    left,
    right,
    top,
    bottom,
    paths,
    toX,
    toY,
    xMarks: marksOf(chart.x, xDomain, Math.max(2, Math.floor((right - left) / 56))).map((value) => ({
      at: toX(value),
      text: markText(chart.x, value),
    })),
    yMarks: marksOf(chart.y, yDomain, Math.max(2, Math.floor((bottom - top) / 28))).map((value) => ({
      at: toY(value),
      text: markText(chart.y, value),
    })),
  };
}

/** The x of a curve that is nearest to a pixel: its index in `x`, or -1 for an empty one. */
export function nearestPoint(layout: ChartLayout, x: ArrayLike<number>, pixel: number): number {
  let nearest = -1;
  let least = Infinity;
  for (let i = 0; i < x.length; i++) {
    const distance = Math.abs(layout.toX(x[i]!) - pixel);
    if (distance < least) [least, nearest] = [distance, i];
  }
  return nearest;
}

/** Largest and smallest finite value, widened where they are one; a linear axis that nearly reaches 0 starts there. */
function domainOf(axis: ChartAxis, values: readonly ArrayLike<number>[]): readonly [number, number] {
  if (axis.domain) return axis.domain;
  let low = Infinity;
  let high = -Infinity;
  for (const each of values) {
    for (let i = 0; i < each.length; i++) {
      const value = each[i]!;
      if (!Number.isFinite(value) || (axis.scale === "log" && value <= 0)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return axis.scale === "log" ? [1, 10] : [0, 1];
  if (axis.scale === "log") return low === high ? [low / 2, high * 2] : [low, high];
  if (low > 0 && low < 0.4 * high) low = 0;
  if (high < 0 && high > 0.4 * low) high = 0;
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

function projection(axis: ChartAxis, [low, high]: readonly [number, number], from: number, to: number) {
  const along = axis.scale === "log" ? Math.log : (value: number) => value;
  const start = along(low);
  const span = along(high) - start || 1;
  return (value: number) => from + ((along(value) - start) / span) * (to - from);
}

function marksOf(axis: ChartAxis, [low, high]: readonly [number, number], count: number): number[] {
  const given = axis.marks?.filter((value) => value >= low && value <= high);
  if (given) {
    const every = Math.ceil(given.length / Math.max(1, count));
    return given.filter((_, i) => i % every === 0);
  }
  if (axis.scale === "linear") {
    const marks = ticks(low, high, count);
    return axis.isWhole ? marks.filter(Number.isInteger) : marks;
  }
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first + 1) / count));
  const powers: number[] = [];
  for (let power = first; power <= last; power += every) powers.push(10 ** power);
  return powers.length > 1 ? powers : ticks(low, high, count).filter((value) => value > 0);
}

function markText(axis: ChartAxis, value: number): string {
  const power = Math.log10(value);
  if (axis.scale === "log" && !axis.marks && Number.isInteger(power) && (power > 4 || power < -3)) {
    return `10${superscript(power)}`;
  }
  return axis.marks ? String(value) : tickText(value);
}

function superscript(power: number): string {
  return [...String(power)].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)]!)).join("");
}

function round(pixels: number): number {
  return Math.round(pixels * 100) / 100;
}
