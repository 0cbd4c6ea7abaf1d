import type { Tensor } from "../tensor";

/**
 * What each layer passes on when its residual connection is counted as half: A = 0.5 W + 0.5 I, rows scaled to
 * sum to 1 (Abnar & Zuidema 2020, §3). `layers` are head-mean weights [n, n], from the first layer up.
 */
export function withResidual(layers: readonly Tensor[]): Tensor[] {
  return layers.map((layer) => {
    const [n = 0, columns = 0] = layer.dims;
    if (n !== columns) {
      throw new RangeError(
        `Rollout and flow need self-attention, as many queries as keys: not ${n} and ${columns}`,
      );
    }
    const data = new Float32Array(n * n);
    for (let row = 0; row < n; row++) {
      let sum = 1;
      for (let column = 0; column < n; column++) sum += layer.data[row * n + column]!;
      for (let column = 0; column < n; column++) {
        data[row * n + column] = (layer.data[row * n + column]! + (row === column ? 1 : 0)) / sum;
      }
    }
    return { dims: layer.dims, data };
  });
}

/**
 * Attention rollout (Abnar & Zuidema 2020, eq. 1): the layers of `withResidual` multiplied, the uppermost first:
 * [n, n], row = token of the last layer, column = input token; rows sum to 1. The result after each layer, so that
 * the last is the whole model's. Costs n³ per layer, less for what is masked.
 */
export function rollout(layers: readonly Tensor[]): Tensor[] {
  const results: Tensor[] = [];
  for (const layer of withResidual(layers)) {
    const below = results.at(-1);
    results.push(below ? multiplySkippingZeros(layer, below) : layer);
  }
  return results;
}

function multiplySkippingZeros(a: Tensor, b: Tensor): Tensor {
  const n = a.dims[0] ?? 0;
  const data = new Float32Array(n * n);
  for (let row = 0; row < n; row++) {
    const target = data.subarray(row * n, (row + 1) * n);
    for (let middle = 0; middle < n; middle++) {
      const factor = a.data[row * n + middle]!;
      if (factor === 0) continue;
      const source = b.data.subarray(middle * n, (middle + 1) * n);
      for (let column = 0; column < n; column++) target[column]! += factor * source[column]!;
    }
  }
  return { dims: a.dims, data };
}
