import type { Tensor } from "../tensor";

/** The base of Su et al. 2021, §3.2.2; Llama 3 uses 500,000, Qwen2 1,000,000. */
export const ROPE_BASE = 10_000;

/** Which dimensions turn together: neighbours (Su et al. 2021, eq. 34) or i and i + d/2 (GPT-NeoX, Llama in ONNX files). */
export type RopePairs = "neighbours" | "halves";

/** Frequencies of rotary position embedding in radians per position, θ_i = base^(-2i/d): [d / 2] (Su et al. 2021, eq. 15). */
export function ropeFrequencies(d: number, base = ROPE_BASE): Float64Array {
  return Float64Array.from({ length: Math.floor(d / 2) }, (_, i) => base ** ((-2 * i) / d));
}

/** Angles in radians, position x frequency: [nPositions, d / 2]. */
export function ropeAngles(nPositions: number, frequencies: Float64Array): Tensor {
  const data = new Float32Array(nPositions * frequencies.length);
  for (let position = 0; position < nPositions; position++) {
    frequencies.forEach((frequency, i) => (data[position * frequencies.length + i] = position * frequency));
  }
  return { dims: [nPositions, frequencies.length], data };
}

/**
 * Rotates each row of `vectors` [nPositions, d] by its position (Su et al. 2021, eq. 34): row r by (start + r) θ_i in
 * the plane of pair i; dimensions beyond 2 x frequencies stay (partial rotary). `turn` = -1 rotates back.
 */
export function rotate(
  vectors: Tensor,
  frequencies: Float64Array,
  options: { pairs?: RopePairs; start?: number; turn?: 1 | -1 } = {},
): Tensor {
  const { pairs = "neighbours", start = 0, turn = 1 } = options;
  const [nPositions = 0, d = 0] = vectors.dims;
  const data = vectors.data.slice();
  for (let row = 0; row < nPositions; row++) {
    frequencies.forEach((frequency, i) => {
      const [first, second] = pairOf(i, frequencies.length, pairs);
      const angle = turn * (start + row) * frequency;
      const x = vectors.data[row * d + first]!;
      const y = vectors.data[row * d + second]!;
      data[row * d + first] = x * Math.cos(angle) - y * Math.sin(angle);
      data[row * d + second] = x * Math.sin(angle) + y * Math.cos(angle);
    });
  }
  return { dims: vectors.dims, data };
}

/** The two dimensions of pair `i` of `nPairs`. */
export function pairOf(i: number, nPairs: number, pairs: RopePairs): [number, number] {
  return pairs === "neighbours" ? [2 * i, 2 * i + 1] : [i, i + nPairs];
}

/**
 * Upper bound of how much q·k can be at each distance, relative to distance 0's maximum: the mean over j of |S_j|,
 * S_j the sum of e^(iΔθ) over the first j pairs (Su et al. 2021, §3.4.3, fig. 2): [nDistances].
 */
export function ropeDecayBound(nDistances: number, frequencies: Float64Array): Float64Array {
  const bound = new Float64Array(nDistances);
  for (let distance = 0; distance < nDistances; distance++) {
    let real = 0;
    let imaginary = 0;
    for (const frequency of frequencies) {
      real += Math.cos(distance * frequency);
      imaginary += Math.sin(distance * frequency);
      bound[distance]! += Math.hypot(real, imaginary) / frequencies.length;
    }
  }
  return bound;
}

/**
 * q·k of one query and one key over the distance between them, were they moved apart: Σ_i |q_i||k_i| cos(Δθ_i + φ_i),
 * φ_i the angle between the two in pair i at distance 0: [nDistances]. Give both without their rotation.
 */
export function productOverDistance(
  q: Float32Array,
  k: Float32Array,
  nDistances: number,
  frequencies: Float64Array,
  pairs: RopePairs = "neighbours",
): Float64Array {
  const products = new Float64Array(nDistances);
  const nRotated = 2 * frequencies.length;
  let unrotated = 0;
  for (let i = nRotated; i < q.length; i++) unrotated += q[i]! * k[i]!;
  for (let distance = 0; distance < nDistances; distance++) {
    let sum = unrotated;
    frequencies.forEach((frequency, i) => {
      const [first, second] = pairOf(i, frequencies.length, pairs);
      const along = q[first]! * k[first]! + q[second]! * k[second]!;
      const across = q[first]! * k[second]! - q[second]! * k[first]!;
      sum += along * Math.cos(distance * frequency) + across * Math.sin(distance * frequency);
    });
    products[distance] = sum;
  }
  return products;
}
