import {
  attentionCost,
  scoringCost,
  type AttentionPattern,
  type Cost,
} from "../../../src/core/scoring/costs";
import type { ScoringFunction } from "../../../src/core/scoring/functions";
import type { Chart, ChartSeries } from "../../../src/paint/chart";

/** What the curves are drawn for: one of n and d runs along the axis, the other stands still. */
export interface CostSetting {
  readonly along: "n" | "d";
  readonly n: number;
  readonly d: number;
  readonly window: number;
  readonly block: number;
  readonly nBlocks: number;
  readonly rank: number;
}

export interface CostChart extends Chart {
  readonly title: string;
}

export const scoringNames: Record<ScoringFunction, string> = {
  additive: "additive",
  dot: "dot product",
  scaled: "scaled dot product",
};

const powers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => 2 ** (from + i));

/** Powers of two: 16 to about a million tokens, or 4 to 4,096 dimensions. */
const along: Record<CostSetting["along"], readonly number[]> = { n: powers(4, 20), d: powers(2, 12) };

/** Parameters, operations and memory of the scoring functions; operations and memory of the attention patterns. */
export function costCharts(setting: CostSetting): { scoring: CostChart[]; patterns: CostChart[] } {
  const xs = along[setting.along];
  const place = (x: number) => (setting.along === "n" ? { n: x, d: setting.d } : { n: setting.n, d: x });
  const chart = (title: string, unit: string, series: ChartSeries[]): CostChart => ({
    title,
    x: { label: setting.along === "n" ? "n, tokens" : "d, dimensions", scale: "log" },
    y: { label: unit, scale: "log" },
    series,
  });
  const scoring = (measure: keyof Cost) =>
    (["additive", "dot", "scaled"] as const).map((each, i): ChartSeries => ({
      name: scoringNames[each],
      x: xs,
      y: xs.map((x) => scoringCost(each, place(x).n, place(x).d)[measure]),
      colour: i,
      // Dot and scaled dot nearly coincide: both must be seen.
      dash: each === "scaled" ? "dashed" : "solid",
    }));
  const { window, block, nBlocks, rank } = setting;
  const patterns: [string, AttentionPattern][] = [
    ["full", { kind: "full" }],
    [`window of ${window}`, { kind: "windowed", window }],
    [`${nBlocks} blocks of ${block}`, { kind: "block-sparse", block, nBlocks }],
    [`low rank ${rank}`, { kind: "low-rank", rank }],
  ];
  const pattern = (measure: keyof Cost) =>
    patterns.map(([name, each], i): ChartSeries => ({
      name,
      x: xs,
      y: xs.map((x) => attentionCost(each, place(x).n, place(x).d)[measure]),
      colour: i,
      dash: (["solid", "solid", "dashed", "dotted"] as const)[i],
    }));
  return {
    scoring: [
      chart("Operations for the scores", "operations", scoring("operations")),
      chart("Memory for the scores", "numbers", scoring("memory")),
      chart("Parameters of the scoring function", "parameters", scoring("parameters")),
    ],
    patterns: [
      chart("Operations for attention", "operations", pattern("operations")),
      chart("Memory for attention", "numbers", pattern("memory")),
    ],
  };
}

/** 1,234 or 5.6 million: 3 digits. */
export function countText(value: number): string {
  if (!Number.isFinite(value)) return "∞";
  if (value < 1e6) return Math.round(value).toLocaleString("en");
  const [size, name] = value < 1e9 ? [1e6, "million"] : value < 1e12 ? [1e9, "billion"] : [1e12, "trillion"];
  return `${Number((value / size).toPrecision(3))} ${name}`;
}

/** Numbers in float32 as bytes: "3.2 MB". */
export function bytesText(numbers: number): string {
  const bytes = numbers * 4;
  const [size, name] =
    bytes < 1e3
      ? [1, "B"]
      : bytes < 1e6
        ? [1e3, "KB"]
        : bytes < 1e9
          ? [1e6, "MB"]
          : bytes < 1e12
            ? [1e9, "GB"]
            : [1e12, "TB"];
  return `${Number((bytes / size).toPrecision(3))} ${name}`;
}
