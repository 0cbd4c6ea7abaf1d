import type { Tensor } from "../tensor";

/** The base of Vaswani et al. 2017, §3.5: wavelengths from 2π to 10,000 · 2π. */
export const SINUSOIDAL_BASE = 10_000;

/**
 * Sinusoidal positions, [nPositions, d] (Vaswani et al. 2017, §3.5): PE(pos, 2i) = sin(pos / base^(2i/d)),
 * PE(pos, 2i + 1) = cos of the same. The last column of an odd d is a sine without its cosine.
 */
export function sinusoidalTable(nPositions: number, d: number, base = SINUSOIDAL_BASE): Tensor {
  const data = new Float32Array(nPositions * d);
  for (let position = 0; position < nPositions; position++) {
    for (let i = 0; i < d; i++) {
      const angle = position / base ** ((i - (i % 2)) / d);
      data[position * d + i] = i % 2 ? Math.cos(angle) : Math.sin(angle);
    }
  }
  return { dims: [nPositions, d], data };
}

/** Wavelength in positions of each sine-cosine pair, 2π · base^(2i/d): [ceil(d / 2)]. */
export function wavelengths(d: number, base = SINUSOIDAL_BASE): Float64Array {
  return Float64Array.from({ length: Math.ceil(d / 2) }, (_, i) => 2 * Math.PI * base ** ((2 * i) / d));
}

/** What a table turned out to be: its formula's parameters and how far it is from it. */
export interface SinusoidalMatch {
  /** "interleaved": sin, cos, sin, cos; "halves": all sines, then all cosines (as in tensor2tensor and fairseq). */
  readonly layout: "interleaved" | "halves";
  /** Frequency of pair i in radians per position: [floor(d / 2)]. */
  readonly frequencies: Float64Array;
  /** Frequencies fall geometrically by this factor from pair to pair; base^(-2/d) in the paper. */
  readonly ratio: number;
  /** The base for which ratio = base^(-2/d). */
  readonly base: number;
  /** The table's row 0 is this position of the formula (fairseq starts at 2). */
  readonly start: number;
  /** A factor on the whole table; 1 in the paper. */
  readonly amplitude: number;
  readonly largestDifference: number;
}

/**
 * Recognises a sinusoidal table [nPositions, d] in a model's weights, whatever its base, layout, start and
 * amplitude: every pair must run round a circle of one radius at an even pace, and the paces must fall
 * geometrically. Gives nothing where a cell is further than `tolerance` x amplitude from the formula found.
 */
export function recogniseSinusoidal(table: Tensor, tolerance = 5e-3): SinusoidalMatch | undefined {
  const [nPositions = 0, d = 0] = table.dims;
  const nPairs = Math.floor(d / 2);
  if (nPositions < 3 || nPairs < 2) return undefined;
  for (const layout of ["interleaved", "halves"] as const) {
    const match = matchLayout(table, layout, nPositions, d, nPairs, tolerance);
    if (match) return match;
  }
  return undefined;
}

function matchLayout(
  table: Tensor,
  layout: SinusoidalMatch["layout"],
  nPositions: number,
  d: number,
  nPairs: number,
  tolerance: number,
): SinusoidalMatch | undefined {
  const sine = (position: number, pair: number) =>
    table.data[position * d + (layout === "interleaved" ? 2 * pair : pair)]!;
  const cosine = (position: number, pair: number) =>
    table.data[position * d + (layout === "interleaved" ? 2 * pair + 1 : pair + nPairs)]!;

  const amplitude = Math.hypot(sine(0, 0), cosine(0, 0));
  if (!(amplitude > 0)) return undefined;
  const frequencies = new Float64Array(nPairs);
  const starts = new Float64Array(nPairs);
  for (let pair = 0; pair < nPairs; pair++) {
    // The pace from the first step, then sharper from ever longer ones: a long arc tells slow pairs apart.
    const angle = (position: number) => Math.atan2(sine(position, pair), cosine(position, pair));
    let pace = wrap(angle(1) - angle(0));
    for (let span = 2; span < nPositions; span *= 2) {
      const expected = pace * span;
      pace = (expected + wrap(angle(span) - angle(0) - expected)) / span;
    }
    frequencies[pair] = pace;
    starts[pair] = angle(0);
  }
  if (!(frequencies[0]! > 0)) return undefined;
  const ratio = geometricRatio(frequencies);
  // Of the fastest pair, so that it is told up to π positions.
  const start = Math.round(starts[0]! / frequencies[0]!) || 0;

  let largestDifference = 0;
  for (let pair = 0; pair < nPairs; pair++) {
    const frequency = frequencies[0]! * ratio ** pair;
    for (let position = 0; position < nPositions; position++) {
      const angle = (position + start) * frequency;
      const difference = Math.max(
        Math.abs(sine(position, pair) - amplitude * Math.sin(angle)),
        Math.abs(cosine(position, pair) - amplitude * Math.cos(angle)),
      );
      if (!(difference <= tolerance * amplitude)) return undefined;
      largestDifference = Math.max(largestDifference, difference);
    }
  }
  return { layout, frequencies, ratio, base: ratio ** (-d / 2), start, amplitude, largestDifference };
}

/**
 * The factor from pair to pair, fitted to the logarithms. A rounded table gives each pace with the same absolute error,
 * so a pair counts by the square of its pace, and the first, fastest one is taken as exact.
 */
function geometricRatio(frequencies: Float64Array): number {
  let products = 0;
  let squares = 0;
  for (let pair = 1; pair < frequencies.length; pair++) {
    const frequency = frequencies[pair]!;
    if (!(frequency > 0)) continue;
    products += frequency ** 2 * pair * Math.log(frequency / frequencies[0]!);
    squares += frequency ** 2 * pair ** 2;
  }
  return Math.exp(products / squares);
}

/** An angle brought into (-π, π]. */
function wrap(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
