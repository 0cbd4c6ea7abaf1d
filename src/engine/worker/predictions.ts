import { badChoice, noPredictions } from "../../core/errors";
import type { Tensor } from "../../core/tensor";
import type { TokenPrediction } from "../../protocol/generation";
import type { Prediction } from "../../protocol/slices";

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
  return likelyIn(logits.data.subarray(position * vocab, (position + 1) * vocab), count, textOf);
}

/** What the model made of the tokens `ids` from `start` to before `end`; none stands where `end` is one further. */
export function tokenPredictions(
  logits: Tensor | undefined,
  ids: readonly number[],
  { start, end, count }: { start: number; end: number; count: number },
  modelName: string,
  textOf: (id: number) => string,
): TokenPrediction[] {
  if (!logits) throw noPredictions(modelName);
  if (!(start >= 0 && start <= end && end <= ids.length + 1)) {
    throw badChoice(`the tokens ${start} to ${end} are not among ${ids.length}`);
  }
  const [nPositions = 0, vocab = 0] = logits.dims;
  // Graphs that give the last position alone; and those of fixed length, which give padding too.
  const first = Math.max(0, ids.length - nPositions);
  return Array.from({ length: end - start }, (_, i): TokenPrediction => {
    const index = start + i;
    const row = index - 1 - first;
    if (row < 0) return { index, likely: [] };
    const scores = logits.data.subarray(row * vocab, (row + 1) * vocab);
    const likely = likelyIn(scores, count, textOf);
    const id = ids[index];
    if (id === undefined || id >= vocab) return { index, likely };
    let rank = 1;
    for (let other = 0; other < vocab; other++) {
      if (scores[other]! > scores[id]! || (scores[other] === scores[id] && other < id)) rank++;
    }
    return { index, probability: probabilityOf(scores)(id), rank, likely };
  });
}

function likelyIn(row: Float32Array, count: number, textOf: (id: number) => string): Prediction[] {
  const probability = probabilityOf(row);
  return largestEntries(row, Math.min(Math.max(0, count), row.length)).map((id) => ({
    id,
    text: textOf(id),
    probability: probability(id),
  }));
}

/** Softmax of a row, entry by entry. */
function probabilityOf(row: Float32Array): (id: number) => number {
  let largest = -Infinity;
  for (let id = 0; id < row.length; id++) if (row[id]! > largest) largest = row[id]!;
  let sum = 0;
  for (let id = 0; id < row.length; id++) sum += Math.exp(row[id]! - largest);
  return (id) => Math.exp(row[id]! - largest) / sum;
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
