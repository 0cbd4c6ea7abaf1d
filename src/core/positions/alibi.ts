import type { Tensor } from "../tensor";

/**
 * ALiBi's slope of each head, [nHeads] (Press et al. 2022, §3): for a power of two the geometric sequence that starts at,
 * and falls by, 2^(-8/nHeads); for other counts that of the next lower power of two, then every second slope
 * of the next higher one, as in the authors' code.
 */
export function alibiSlopes(nHeads: number): Float64Array {
  const whole = 2 ** Math.floor(Math.log2(Math.max(1, nHeads)));
  const slope = (i: number, n: number) => 2 ** ((-8 * (i + 1)) / n);
  return Float64Array.from({ length: nHeads }, (_, head) =>
    head < whole ? slope(head, whole) : slope(2 * (head - whole), 2 * whole),
  );
}

/** The bias that ALiBi adds to the scores, -slope x distance to each earlier key, -inf ahead: [nQueries, nKeys]. */
export function alibiBias(nQueries: number, nKeys: number, slope: number): Tensor {
  const data = new Float32Array(nQueries * nKeys);
  const offset = nKeys - nQueries;
  for (let query = 0; query < nQueries; query++) {
    for (let key = 0; key < nKeys; key++) {
      const distance = query + offset - key;
      data[query * nKeys + key] = distance < 0 ? -Infinity : distance ? -slope * distance : 0;
    }
  }
  return { dims: [nQueries, nKeys], data };
}
