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
 * Attention rollout (Abnar & Zuidema 2020, §3): the layers of `withResidual` multiplied, the uppermost first:
 * [n, n], row = token of the last layer, column = input token; rows sum to 1. The result after each layer, so that
 * the last is the whole model's.
 */
export function rollout(layers: readonly Tensor[]): Tensor[] {
  const results: Tensor[] = [];
  for (const layer of withResidual(layers)) {
    const below = results.at(-1);
    results.push(below ? rollOver(layer, below) : layer);
  }
  return results;
}

/** One step of rollout: a layer of `withResidual` over the rollout below it. */
export function rollOver(layer: Tensor, below: Tensor): Tensor {
  const result = { dims: layer.dims, data: new Float32Array(layer.data.length) };
  rollRows(layer, below, result, 0, layer.dims[0] ?? 0);
  return result;
}

/**
 * Rows `first` to `end` (exclusive) of that step, into `result`: n² multiplications a row, over all rows a sixth of that
 * where the attention is causal (measured: 512 tokens, one layer, fastest of 15, 37 ms causal, 208 ms not).
 */
export function rollRows(layer: Tensor, below: Tensor, result: Tensor, first: number, end: number): void {
  const n = layer.dims[0] ?? 0;
  const lengths = Int32Array.from({ length: n }, (_, row) => {
    let length = n;
    while (length > 0 && below.data[row * n + length - 1] === 0) length--;
    return length;
  });
  for (let row = first; row < end; row++) {
    const target = row * n;
    for (let middle = 0; middle < n; middle++) {
      const factor = layer.data[target + middle]!;
      if (factor === 0) continue;
      const source = middle * n;
      const length = lengths[middle]!;
      for (let column = 0; column < length; column++) {
        result.data[target + column]! += factor * below.data[source + column]!;
      }
    }
  }
}
