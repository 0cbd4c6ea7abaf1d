import type { Tensor } from "../tensor";
import { hasSpan, type Token } from "../token";

/** Tokens of A and tokens of B that stand for the same; half-open ranges, one of them empty where the other has no partner. */
export interface AlignedGroup {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

/**
 * Aligns two texts of one model by the longest common subsequence of their tokens' texts (Myers 1986 calls its
 * complement the shortest edit): groups of one token on each side, or of one token without partner. Costs one byte
 * per pair of tokens between the common beginning and end (4,096 x 4,096: 16 MB, about 0.1 s).
 */
export function alignByText(a: readonly Token[], b: readonly Token[]): AlignedGroup[] {
  const same = (i: number, j: number) => a[i]!.text === b[j]!.text && a[i]!.special === b[j]!.special;
  let head = 0;
  while (head < a.length && head < b.length && same(head, head)) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && same(a.length - 1 - tail, b.length - 1 - tail))
    tail++;

  const groups: AlignedGroup[] = [];
  let i = 0;
  let j = 0;
  const take = (fromA: number, fromB: number) => {
    groups.push({ aStart: i, aEnd: i + fromA, bStart: j, bEnd: j + fromB });
    i += fromA;
    j += fromB;
  };
  while (i < head) take(1, 1);
  for (const move of shortestEdit(a.length - tail - head, b.length - tail - head, (x, y) =>
    same(head + x, head + y),
  )) {
    take(move === TAKE_B ? 0 : 1, move === TAKE_A ? 0 : 1);
  }
  while (i < a.length) take(1, 1);
  return groups;
}

const TAKE_BOTH = 0;
const TAKE_A = 1;
const TAKE_B = 2;

/** Moves from the beginning to the end, as many TAKE_BOTH as can be. */
function shortestEdit(nA: number, nB: number, same: (i: number, j: number) => boolean): Uint8Array {
  const moves = new Uint8Array(nA * nB);
  let below = new Uint32Array(nB + 1);
  let current = new Uint32Array(nB + 1);
  for (let i = nA - 1; i >= 0; i--) {
    for (let j = nB - 1; j >= 0; j--) {
      if (same(i, j)) {
        current[j] = below[j + 1]! + 1;
        moves[i * nB + j] = TAKE_BOTH;
      } else if (below[j]! >= current[j + 1]!) {
        current[j] = below[j]!;
        moves[i * nB + j] = TAKE_A;
      } else {
        current[j] = current[j + 1]!;
        moves[i * nB + j] = TAKE_B;
      }
    }
    [below, current] = [current, below];
    current.fill(0);
  }
  const path: number[] = [];
  let i = 0;
  let j = 0;
  while (i < nA || j < nB) {
    const move = i === nA ? TAKE_B : j === nB ? TAKE_A : moves[i * nB + j]!;
    path.push(move);
    if (move !== TAKE_B) i++;
    if (move !== TAKE_A) j++;
  }
  return Uint8Array.from(path);
}

/**
 * Aligns two tokenizers' tokens of one text by their spans: the smallest groups whose ends fall on the same
 * place in the text. Tokens without a span (special ones) stand alone. Text that only one of them covers
 * (white space that the other drops) joins no group.
 */
export function alignBySpans(a: readonly Token[], b: readonly Token[]): AlignedGroup[] {
  const groups: AlignedGroup[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = a[i];
    const y = b[j];
    if (x && !hasSpan(x)) {
      groups.push({ aStart: i, aEnd: ++i, bStart: j, bEnd: j });
    } else if (y && !hasSpan(y)) {
      groups.push({ aStart: i, aEnd: i, bStart: j, bEnd: ++j });
    } else if (!y || (x && x.end <= y.start)) {
      groups.push({ aStart: i, aEnd: ++i, bStart: j, bEnd: j });
    } else if (!x || y.end <= x.start) {
      groups.push({ aStart: i, aEnd: i, bStart: j, bEnd: ++j });
    } else {
      const group = growGroup(a, b, i, j);
      groups.push(group);
      i = group.aEnd;
      j = group.bEnd;
    }
  }
  return groups;
}

/** From two overlapping tokens on: takes every token that reaches into what the group covers so far. */
function growGroup(a: readonly Token[], b: readonly Token[], aStart: number, bStart: number): AlignedGroup {
  let aEnd = aStart + 1;
  let bEnd = bStart + 1;
  let end = Math.max(a[aStart]!.end, b[bStart]!.end);
  const reachesIn = (token: Token | undefined) => token !== undefined && hasSpan(token) && token.start < end;
  for (;;) {
    if (reachesIn(a[aEnd])) end = Math.max(end, a[aEnd++]!.end);
    else if (reachesIn(b[bEnd])) end = Math.max(end, b[bEnd++]!.end);
    else return { aStart, aEnd, bStart, bEnd };
  }
}

/**
 * Weights [nQueries, nKeys] between groups of tokens: summed over the keys of a group, meant over its queries
 * (Clark et al. 2019, §4.1), so that rows still sum to 1. Ranges are half-open: [nQueryGroups, nKeyGroups].
 */
export function groupWeights(
  weights: Tensor,
  queryGroups: readonly (readonly [start: number, end: number])[],
  keyGroups: readonly (readonly [start: number, end: number])[],
): Tensor {
  const [, nKeys = 0] = weights.dims;
  const data = new Float32Array(queryGroups.length * keyGroups.length);
  queryGroups.forEach(([queryStart, queryEnd], row) => {
    keyGroups.forEach(([keyStart, keyEnd], column) => {
      let sum = 0;
      for (let query = queryStart; query < queryEnd; query++) {
        for (let key = keyStart; key < keyEnd; key++) sum += weights.data[query * nKeys + key]!;
      }
      data[row * keyGroups.length + column] = queryEnd > queryStart ? sum / (queryEnd - queryStart) : 0;
    });
  });
  return { dims: [queryGroups.length, keyGroups.length], data };
}
