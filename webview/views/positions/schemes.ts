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
}

export interface SchemeChart extends Chart {
  readonly title: string;
}

/** What there is to see of a scheme of positions, from its parameters alone. */
export interface SchemePanels {
  readonly pictures: readonly SchemePicture[];
  readonly charts: readonly SchemeChart[];
}

/** Similarity is shown of at most so many positions, evenly spread. */
const MOST_SIMILAR = 128;

/** A table [nPositions, d] that a model adds: the table, the similarity of its rows, curves of chosen dimensions. */
export function tablePanels(table: Tensor, dimensions: readonly number[]): SchemePanels {
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
      },
      {
        title: "similarity of positions",
        tensor: similarityOfPositions(rows),
        rows: "position",
        columns: "position",
        kind: "signed",
        positions,
      },
    ],
    charts: [
      {
        title: "Dimensions over position",
        x: { label: "position", scale: "linear" },
        y: { label: "value", scale: "linear" },
        series: dimensions
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

export function sinusoidalPanels(nPositions: number, d: number, base: number): SchemePanels {
  const dimensions = [0, Math.floor(d / 4), Math.floor(d / 2), d - 1].filter(
    (dimension, i, all) => all.indexOf(dimension) === i,
  );
  const { pictures, charts } = tablePanels(sinusoidalTable(nPositions, d, base), dimensions);
  const lengths = wavelengths(d, base);
  return { pictures, charts: [...charts, wavelengthChart(lengths)] };
}

/** Angles as their cosine, how q·k can decay with distance, and the wavelengths. */
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
      },
      {
        title: "sine of the angle",
        tensor: { dims: angles.dims, data: angles.data.map(Math.sin) },
        rows: "position",
        columns: "pair of dimensions",
        kind: "signed",
      },
    ],
    charts: [
      {
        title: "Bound of q·k over distance",
        x: { label: "distance", scale: "linear" },
        y: { label: "relative", scale: "linear" },
        series: [{ name: "bound", x: distances, y: bound.map((value) => value / bound[0]!), colour: 0 }],
      },
      wavelengthChart(frequencies.map((frequency) => (2 * Math.PI) / frequency)),
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
        x: { label: "distance", scale: "linear" },
        y: { label: "added to the score", scale: "linear" },
        series: [...new Set([head, ...shown])].filter((other) => other < slopes.length).map(line),
      },
      {
        title: "Slope of each head",
        x: { label: "head", scale: "linear" },
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
    x: { label: "key − query", scale: "linear" },
    y: { label, scale: "linear" },
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

function wavelengthChart(lengths: Float64Array): SchemeChart {
  return {
    title: "Wavelength of each pair",
    x: { label: "pair of dimensions", scale: "linear" },
    y: { label: "positions", scale: "log" },
    series: [{ name: "wavelength", x: [...lengths.keys()], y: lengths, colour: 2 }],
  };
}
