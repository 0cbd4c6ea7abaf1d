import { alibiBias, alibiSlopes } from "../../../src/core/positions/alibi";
import { similarityOfPositions, spreadRows } from "../../../src/core/positions/distance";
import {
  bucketRanges,
  relativeBucket,
  type RelativeBuckets,
} from "../../../src/core/positions/relativeBuckets";
import { ropeAngles, ropeDecayBound, ropeFrequencies } from "../../../src/core/positions/rope";
import { sinusoidalTable, wavelengths } from "../../../src/core/positions/sinusoidal";
import type { Tensor } from "../../../src/core/tensor";
import type { Chart, ChartSeries } from "../../../src/paint/chart";

/** A matrix of a scheme, and what its axes are. */
export interface SchemePicture {
  readonly title: string;
  readonly tensor: Tensor;
  readonly rows: string;
  readonly columns: string;
  /** "bias": -inf is masked; "count": from 0 up. */
  readonly kind: "signed" | "bias" | "count";
  /** Index of a row or column as the position it stands for. */
  readonly positions?: readonly number[];
  /** End of its colour scale; the largest value where absent. */
  readonly max?: number;
  /** Its columns are dimensions that can be drawn as curves. */
  readonly hasCurves?: boolean;
}

export interface SchemeChart extends Chart {
  readonly title: string;
}

/** What there is to see of a scheme of positions, from its parameters alone. */
export interface SchemePanels {
  readonly pictures: readonly SchemePicture[];
  readonly charts: readonly SchemeChart[];
}

/** The axis that frequencies, wavelengths and rotations share: what is marked in one is marked in all. */
export const PAIRS = "pair of dimensions";

/** Similarity is shown of at most so many positions, evenly spread. */
const MOST_SIMILAR = 128;

/** So many curves can be told apart. */
const MOST_CURVES = 4;

/** Of `d` dimensions, those whose curves are drawn until others are chosen. */
export function firstCurves(d: number): number[] {
  return [...new Set([0, Math.floor(d / 4), Math.floor(d / 2), d - 1])].filter((each) => each >= 0);
}

/** The dimension added to the curves, or taken away again; the one drawn longest gives way. */
export function toggledCurve(curves: readonly number[], dimension: number): number[] {
  if (curves.includes(dimension)) return curves.filter((each) => each !== dimension);
  return [...curves, dimension].slice(-MOST_CURVES);
}

/** A table [nPositions, d] that a model adds: the table, the similarity of its rows, curves of chosen dimensions. */
export function tablePanels(table: Tensor, dimensions?: readonly number[]): SchemePanels {
  const [nPositions = 0, d = 0] = table.dims;
  const { positions, rows } = spreadRows(table, MOST_SIMILAR);
  const xs = Array.from({ length: nPositions }, (_, position) => position);
  return {
    pictures: [
      {
        title: "position × dimension",
        tensor: table,
        rows: "position",
        columns: "dimension",
        kind: "signed",
        hasCurves: true,
      },
      {
        title: "similarity of positions",
        tensor: similarityOfPositions(rows),
        rows: "position",
        columns: "position",
        kind: "signed",
        positions,
        max: 1,
      },
    ],
    charts: [
      {
        title: "Dimensions over position",
        x: { label: "position", scale: "linear", isWhole: true },
        y: { label: "value", scale: "linear" },
        series: (dimensions ?? firstCurves(d))
          .filter((dimension) => dimension < d)
          .map((dimension, i) => ({
            name: `dimension ${dimension}`,
            x: xs,
            y: xs.map((position) => table.data[position * d + dimension]!),
            colour: i % 4,
          })),
      },
    ],
  };
}

export function sinusoidalPanels(
  nPositions: number,
  d: number,
  base: number,
  dimensions?: readonly number[],
): SchemePanels {
  const { pictures, charts } = tablePanels(sinusoidalTable(nPositions, d, base), dimensions);
  return { pictures, charts: [...charts, wavelengthChart(wavelengths(d, base))] };
}

/** A model's table in which sines and cosines of these frequencies (radians per position) were recognised. */
export function recognisedPanels(
  table: Tensor,
  frequencies: Float64Array,
  dimensions?: readonly number[],
): SchemePanels {
  const { pictures, charts } = tablePanels(table, dimensions);
  return { pictures, charts: [...charts, wavelengthChart(lengthsOf(frequencies))] };
}

/** Angles as their cosine and sine, how q·k can decay with distance, frequencies and wavelengths. */
export function ropePanels(nPositions: number, frequencies: Float64Array): SchemePanels {
  const angles = ropeAngles(nPositions, frequencies);
  const bound = ropeDecayBound(nPositions, frequencies);
  const distances = Array.from({ length: nPositions }, (_, distance) => distance);
  return {
    pictures: [
      {
        title: "cosine of the angle",
        tensor: { dims: angles.dims, data: angles.data.map(Math.cos) },
        rows: "position",
        columns: "pair of dimensions",
        kind: "signed",
        max: 1,
      },
      {
        title: "sine of the angle",
        tensor: { dims: angles.dims, data: angles.data.map(Math.sin) },
        rows: "position",
        columns: "pair of dimensions",
        kind: "signed",
        max: 1,
      },
    ],
    charts: [
      {
        title: "Bound of q·k over distance",
        x: { label: "distance", scale: "linear", isWhole: true },
        y: { label: "share of distance 0", scale: "linear", domain: [0, 1] },
        series: [{ name: "bound", x: distances, y: bound.map((value) => value / bound[0]!), colour: 0 }],
      },
      {
        title: "Frequency θ of each pair",
        x: { label: PAIRS, scale: "linear", isWhole: true },
        y: { label: "radians per position", scale: "log" },
        series: [{ name: "frequency", x: [...frequencies.keys()], y: frequencies, colour: 3 }],
      },
      wavelengthChart(lengthsOf(frequencies)),
    ],
  };
}

export function ropeByFormula(nPositions: number, d: number, base: number): SchemePanels {
  return ropePanels(nPositions, ropeFrequencies(d, base));
}

/** The bias of one head as the scores see it, and all heads' bias over distance. */
export function alibiPanels(
  nPositions: number,
  nHeads: number,
  head: number,
  slopes = alibiSlopes(nHeads),
): SchemePanels {
  const distances = Array.from({ length: nPositions }, (_, distance) => distance);
  const line = (other: number): ChartSeries => ({
    name: `head ${other}: slope ${Number(slopes[other]!.toPrecision(3))}`,
    x: distances,
    y: distances.map((distance) => -slopes[other]! * distance),
    colour: other === head ? 1 : 4,
    dash: other === head ? "solid" : "dotted",
  });
  const shown = [0, Math.floor(slopes.length / 2), slopes.length - 1].filter((other) => other !== head);
  return {
    pictures: [
      {
        title: `bias of head ${head}`,
        tensor: alibiBias(nPositions, nPositions, slopes[head] ?? 0),
        rows: "query",
        columns: "key",
        kind: "bias",
      },
    ],
    charts: [
      {
        title: "Bias over distance",
        x: { label: "distance", scale: "linear", isWhole: true },
        y: { label: "added to the score", scale: "linear" },
        series: [...new Set([head, ...shown])].filter((other) => other < slopes.length).map(line),
      },
      {
        title: "Slope of each head",
        x: { label: "head", scale: "linear", isWhole: true },
        y: { label: "slope", scale: "log" },
        series: [{ name: "slope", x: [...slopes.keys()], y: slopes, colour: 0 }],
      },
    ],
  };
}

/** Which bucket each pair falls into, and where the buckets begin; with a model's learned bias where it is known. */
export function relativePanels(
  nPositions: number,
  buckets: RelativeBuckets,
  bias?: ArrayLike<number>,
): SchemePanels {
  const data = new Float32Array(nPositions * nPositions);
  for (let query = 0; query < nPositions; query++) {
    for (let key = 0; key < nPositions; key++)
      data[query * nPositions + key] = relativeBucket(key - query, buckets);
  }
  const reach = nPositions - 1;
  const relatives = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const over = (name: string, label: string, value: (bucket: number) => number): SchemeChart => ({
    title: name,
    x: { label: "key − query", scale: "linear", isWhole: true },
    y: { label, scale: "linear", ...(label === "bucket" && { isWhole: true }) },
    series: [
      {
        name: label,
        x: relatives,
        y: relatives.map((relative) => value(relativeBucket(relative, buckets))),
        colour: 0,
      },
    ],
  });
  const ranges = bucketRanges(buckets, reach);
  return {
    pictures: [
      {
        title: `bucket of each pair (${ranges.length} of ${buckets.nBuckets} occur)`,
        tensor: { dims: [nPositions, nPositions], data },
        rows: "query",
        columns: "key",
        kind: "count",
      },
    ],
    charts: [
      ...(bias ? [over("Learned bias over distance", "bias", (bucket) => bias[bucket] ?? NaN)] : []),
      over("Bucket over distance", "bucket", (bucket) => bucket),
    ],
  };
}

/** Positions for one turn. */
function lengthsOf(frequencies: Float64Array): Float64Array {
  return frequencies.map((frequency) => (2 * Math.PI) / frequency);
}

function wavelengthChart(lengths: Float64Array): SchemeChart {
  return {
    title: "Wavelength 2π/θ of each pair",
    x: { label: PAIRS, scale: "linear", isWhole: true },
    y: { label: "positions", scale: "log" },
    series: [{ name: "wavelength", x: [...lengths.keys()], y: lengths, colour: 2 }],
  };
}
