import type { BlockKind, Notice } from "../../core/run";
import type { Tensor } from "../../core/tensor";

/** How far a row of weights may sum from 1: float32 rounding over a few thousand keys, and float16's. */
const TOLERANCE = 5e-3;

/** What the weights [nHeads, nQueries, nKeys] of a layer show to be wrong: rows that are not shares of attention. */
export function checkRows(weights: Tensor, block: BlockKind, layer: number): Notice[] {
  const [nHeads = 0, nQueries = 0, nKeys = 0] = weights.dims;
  const { data } = weights;
  let worst = 0;
  let worstRow = 0;
  for (let row = 0; row < nHeads * nQueries; row++) {
    const sum = rowSum(data, row * nKeys, nKeys);
    if (sum === 0) continue;
    const difference = Math.abs(sum - 1);
    if (!(difference <= worst)) [worst, worstRow] = [difference, row];
    if (Number.isNaN(difference)) break;
  }
  if (worst <= TOLERANCE) return [];
  const where = `${block} layer ${layer}, head ${Math.floor(worstRow / nQueries)}, query ${worstRow % nQueries}`;
  if (Number.isNaN(worst)) {
    return [{ code: "weights-not-numbers", message: `The weights at ${where} are not numbers (NaN).` }];
  }
  return [
    {
      code: "rows-not-one",
      message: `The weights at ${where} sum to 1 only within ${worst.toPrecision(2)}: the model may keep a share for a sink outside the keys, or Headlight read the wrong tensor.`,
    },
  ];
}

/** In four parts, which the processor adds side by side: a third of the time of one (measured on 8 x 512 x 512). */
function rowSum(data: Float32Array, start: number, length: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = start;
  for (const end = start + length - 3; i < end; i += 4) {
    a += data[i]!;
    b += data[i + 1]!;
    c += data[i + 2]!;
    d += data[i + 3]!;
  }
  for (; i < start + length; i++) a += data[i]!;
  return a + b + c + d;
}
