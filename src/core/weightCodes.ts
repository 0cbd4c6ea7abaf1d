/**
 * Weights as one byte each. Code 0 is exactly 0 (masked), 255 is 1 alone, and between them a code holds the weights
 * with floor(254 * sqrt(w)) + 1 = code. The root keeps small weights apart, which in a long text nearly all are.
 */
export const CODES_BELOW_ONE = 254;

/** Float32 rounding on the way: weights below this have code 0, as if masked. */
export const LEAST_WEIGHT = 2e-20;

/** What a code stands for: the middle of its roots, squared. */
export const weightOfCode: Float32Array = Float32Array.from({ length: 256 }, (_, code) => {
  if (code === 0 || code === 255) return code / 255;
  return ((code - 0.5) / CODES_BELOW_ONE) ** 2;
});

/** How far a weight may be from what its code stands for: half a step of the root, so most near 1. */
export function codeError(weight: number): number {
  const code = Math.min(CODES_BELOW_ONE, Math.floor(CODES_BELOW_ONE * Math.sqrt(weight)) + 1);
  return (code - 0.25) / CODES_BELOW_ONE ** 2;
}

/** The weights of codes `start`, `start + stride` and so on. */
export function weightsOfCodes(
  codes: Uint8Array,
  start = 0,
  length = codes.length,
  stride = 1,
): Float32Array {
  const weights = new Float32Array(length);
  for (let i = 0; i < length; i++) weights[i] = weightOfCode[codes[start + i * stride]!]!;
  return weights;
}
