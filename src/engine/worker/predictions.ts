import { badChoice, noPredictions } from "../../core/errors";
import type { Tensor } from "../../core/tensor";
import type { GraphOutput } from "../../onnx/instrumented";
import type { Prediction } from "../../protocol/slices";

/** The output over the vocabulary, if the model has one: [batch, positions, vocabulary]. */
export function logitsOutput(outputs: readonly GraphOutput[], vocab: number | undefined): string | undefined {
  const isVocab = (dim: unknown) => vocab !== undefined && typeof dim === "number" && dim === vocab;
  const named = outputs.find(({ name, dims }) => /logits|lm_head/.test(name) && dims.length !== 2);
  const shaped = outputs.find(({ dims }) => dims.length === 3 && isVocab(dims[2]));
  return (named ?? shaped)?.name;
}

/** Softmax over one row of logits [positions, vocabulary], and its `count` largest entries. */
export function mostLikely(
  logits: Tensor | undefined,
  position: number,
  count: number,
  modelName: string,
  textOf: (id: number) => string,
): Prediction[] {
  if (!logits) throw noPredictions(modelName);
  const [nPositions = 0, vocab = 0] = logits.dims;
  if (!Number.isInteger(position) || position < 0 || position >= nPositions) {
    throw badChoice(`there is no position ${position} among ${nPositions}`);
  }
  const row = logits.data.subarray(position * vocab, (position + 1) * vocab);
  let largest = -Infinity;
  for (let id = 0; id < vocab; id++) if (row[id]! > largest) largest = row[id]!;
  let sum = 0;
  for (let id = 0; id < vocab; id++) sum += Math.exp(row[id]! - largest);
  return largestEntries(row, Math.min(Math.max(0, count), vocab)).map((id) => ({
    id,
    text: textOf(id),
    probability: Math.exp(row[id]! - largest) / sum,
  }));
}

/** Indices of the `count` largest numbers, largest first; equal ones by index. One pass, `count` is small. */
function largestEntries(row: Float32Array, count: number): number[] {
  const kept: number[] = [];
  for (let id = 0; id < row.length; id++) {
    const value = row[id]!;
    if (kept.length === count && !(value > row[kept[count - 1]!]!)) continue;
    let at = kept.length;
    while (at > 0 && row[kept[at - 1]!]! < value) at--;
    kept.splice(at, 0, id);
    if (kept.length > count) kept.pop();
  }
  return kept;
}
