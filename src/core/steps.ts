import { MASKED_SCORE } from "./mask";
import { additiveScores } from "./scoring/functions";
import { softmaxRows } from "./softmax";
import type { Tensor } from "./tensor";

/**
 * What a run holds of one head, for some of its queries: q [nQueries, dKey], k [nKeys, dKey], v [nKeys, dValue],
 * scores and weights [nQueries, nKeys], output [nQueries, dValue]. Any of them may be missing.
 */
export interface HeadTensors {
  readonly q?: Tensor;
  readonly k?: Tensor;
  readonly v?: Tensor;
  readonly scores?: Tensor;
  readonly weights?: Tensor;
  readonly output?: Tensor;
  /** Of additive attention, in place of q and k: W_q q [nQueries, d], W_k k [nKeys, d] and v [d]. */
  readonly additive?: { readonly q: Tensor; readonly k: Tensor; readonly v: Float32Array };
}

/**
 * The stages of scaled dot-product attention (Vaswani et al. 2017, eq. 1), recomputed from a run:
 * product QKᵀ, scaled, bias (what the model added: mask, relative bias), weights, output. A stage is absent
 * where its tensors are; a check compares it with the tensor that the run holds.
 */
export interface Steps {
  /** QKᵀ; of additive attention vᵀ tanh(q + k) (Bahdanau et al. 2015, appendix A.1.2): [nQueries, nKeys]. */
  readonly product?: Tensor;
  /** Absent for additive scores, which are not scaled. */
  readonly scale?: Scale;
  /** scale · QKᵀ, or the additive scores themselves: [nQueries, nKeys]. */
  readonly scaled?: Tensor;
  /** Scores of the run less `scaled`, [nQueries, nKeys]; -inf where masked, NaN where either is not finite. */
  readonly bias?: Bias;
  /** softmax of the run's scores, [nQueries, nKeys]. */
  readonly weights?: Tensor;
  /** Weights of the run x V, [nQueries, dValue]. */
  readonly output?: Tensor;
  readonly checks: {
    /** scaled against the visible scores of the run, where the model adds nothing but a mask. */
    readonly scores?: Check;
    readonly weights?: Check;
    readonly output?: Check;
  };
}

/** The factor between QKᵀ and the scores, and how it is known. */
export interface Scale {
  readonly value: number;
  /**
   * "inverse-root": 1/√d_k explains the scores; "one": no scale, or q and k come scaled already; "given": read from
   * the model; "assumed": nothing explains the scores, so 1/√d_k is taken and the rest is shown as bias.
   */
  readonly how: "inverse-root" | "one" | "given" | "assumed";
}

export interface Bias {
  readonly tensor: Tensor;
  /** "relative": the same for equal distances (T5, ALiBi); "other" also where the model scores by another rule. */
  readonly kind: "none" | "mask" | "relative" | "other";
}

/** How far a recomputed tensor is from the run's, over the cells where both are finite. */
export interface Check {
  readonly largestDifference: number;
  /** Index into the data of the largest difference; -1 where nothing could be compared. */
  readonly at: number;
  readonly nCompared: number;
  /** Cells where exactly one of the two is not finite. */
  readonly nDisagreeing: number;
}

/** Recomputes what the given tensors allow; throws a RangeError where their shapes do not fit each other. */
export function recompute(head: HeadTensors, options: { scale?: number } = {}): Steps {
  checkShapes(head);
  const { q, k, v, scores, additive } = head;
  const product = additive
    ? additiveScores(additive.q, additive.k, additive.v)
    : q && k && multiplyTransposed(q, k);
  const scale = product && !additive ? findScale(product, scores, q!.dims[1]!, options.scale) : undefined;
  const scaled = additive ? product : product && scale && scaleBy(product, scale.value);
  const bias = scaled && scores && findBias(scaled, scores);
  const weights = scores && softmaxRows(scores);
  const mixing = head.weights ?? weights;
  const output = mixing && v && multiply(mixing, v);
  const explained = bias && (bias.kind === "none" || bias.kind === "mask");
  return {
    product,
    scale,
    scaled,
    bias,
    weights,
    output,
    checks: {
      scores: explained
        ? compareTensors(scaled!, scores!, (i) => bias.tensor.data[i] === -Infinity)
        : undefined,
      weights: weights && head.weights && compareTensors(weights, head.weights),
      output: output && head.output && compareTensors(output, head.output),
    },
  };
}

/** Only the scaled products q kᵀ / sqrt(d_k) (or with the scale that `scores` show) of `recompute`: [nQueries, nKeys]. */
export function scaledProducts(q: Tensor, k: Tensor, scores?: Tensor): Tensor {
  checkShapes({ q, k, scores });
  const product = multiplyTransposed(q, k);
  return scaleBy(product, findScale(product, scores, q.dims[1]!).value);
}

/** The terms of one query's dot products, q_i · k_ji: [nKeys, dKey]; each row sums to that key's product. */
export function productTerms(q: Tensor, k: Tensor, query: number): Tensor {
  const [nKeys = 0, dKey = 0] = k.dims;
  const data = new Float32Array(nKeys * dKey);
  const row = query * dKey;
  for (let key = 0; key < nKeys; key++) {
    for (let i = 0; i < dKey; i++) data[key * dKey + i] = q.data[row + i]! * k.data[key * dKey + i]!;
  }
  return { dims: [nKeys, dKey], data };
}

/** What each key gives to one query's output, weight · v: [nKeys, dValue]; the column sums are the output. */
export function valueTerms(weights: Tensor, v: Tensor, query: number): Tensor {
  const [nKeys = 0, dValue = 0] = v.dims;
  const data = new Float32Array(nKeys * dValue);
  for (let key = 0; key < nKeys; key++) {
    const weight = weights.data[query * nKeys + key]!;
    for (let i = 0; i < dValue; i++) data[key * dValue + i] = weight * v.data[key * dValue + i]!;
  }
  return { dims: [nKeys, dValue], data };
}

/** a bᵀ for a [rows, d] and b [columns, d], summed in float64: [rows, columns]. */
export function multiplyTransposed(a: Tensor, b: Tensor): Tensor {
  const [rows = 0, d = 0] = a.dims;
  const [columns = 0] = b.dims;
  const data = new Float32Array(rows * columns);
  const { data: left } = a;
  const { data: right } = b;
  for (let row = 0, cell = 0; row < rows; row++) {
    const start = row * d;
    for (let column = 0, at = 0; column < columns; column++, cell++) {
      let sum = 0;
      for (let i = 0; i < d; i++, at++) sum += left[start + i]! * right[at]!;
      data[cell] = sum;
    }
  }
  return { dims: [rows, columns], data };
}

/** a b for a [rows, n] and b [n, columns], summed in float64: [rows, columns]. */
export function multiply(a: Tensor, b: Tensor): Tensor {
  const [rows = 0, n = 0] = a.dims;
  const [, columns = 0] = b.dims;
  const data = new Float32Array(rows * columns);
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let i = 0; i < n; i++) {
      const factor = a.data[row * n + i]!;
      if (factor === 0) continue; // A key of weight 0 gives nothing, even where its value is not finite.
      for (let column = 0; column < columns; column++)
        sums[column]! += factor * b.data[i * columns + column]!;
    }
    data.set(sums, row * columns);
  }
  return { dims: [rows, columns], data };
}

/**
 * Largest absolute difference of two tensors of equal shape; equal infinities and NaN against NaN agree.
 * Cells for which `leaveOut` holds are not looked at.
 */
export function compareTensors(
  recomputed: Tensor,
  ofRun: Tensor,
  leaveOut: (index: number) => boolean = () => false,
): Check {
  let largestDifference = 0;
  let at = -1;
  let nCompared = 0;
  let nDisagreeing = 0;
  for (let i = 0; i < ofRun.data.length; i++) {
    if (leaveOut(i)) continue;
    const mine = recomputed.data[i]!;
    const theirs = ofRun.data[i]!;
    if (Number.isFinite(mine) && Number.isFinite(theirs)) {
      nCompared++;
      const difference = Math.abs(mine - theirs);
      if (difference > largestDifference || at < 0) {
        largestDifference = difference;
        at = i;
      }
    } else if (!Object.is(mine, theirs)) {
      nDisagreeing++;
    }
  }
  return { largestDifference, at, nCompared, nDisagreeing };
}

/** Two checks of parts of a tensor as one; the second's part starts at `offset` of the data. */
export function mergeChecks(a: Check | undefined, b: Check, offset: number): Check {
  const at = b.at < 0 ? -1 : b.at + offset;
  if (!a) return { ...b, at };
  const isLarger = b.nCompared > 0 && (a.at < 0 || b.largestDifference > a.largestDifference);
  return {
    largestDifference: isLarger ? b.largestDifference : a.largestDifference,
    at: isLarger ? at : a.at,
    nCompared: a.nCompared + b.nCompared,
    nDisagreeing: a.nDisagreeing + b.nDisagreeing,
  };
}

/** How many numbers are NaN, and how many infinite. */
export function countNotFinite(tensor: Tensor): { nNaN: number; nInfinite: number } {
  let nNaN = 0;
  let nInfinite = 0;
  for (const value of tensor.data) {
    if (Number.isNaN(value)) nNaN++;
    else if (!Number.isFinite(value)) nInfinite++;
  }
  return { nNaN, nInfinite };
}

function checkShapes({ q, k, v, scores, weights, output, additive }: HeadTensors): void {
  const agree = (what: string, ...sizes: (number | undefined)[]) => {
    const known = [...new Set(sizes.filter((size) => size !== undefined))];
    if (known.length > 1)
      throw new RangeError(`The tensors of the head disagree on ${what}: ${known.join(", ")}`);
  };
  agree("queries", additive?.q.dims[0], q?.dims[0], scores?.dims[0], weights?.dims[0], output?.dims[0]);
  agree("keys", additive?.k.dims[0], k?.dims[0], v?.dims[0], scores?.dims[1], weights?.dims[1]);
  agree("dimensions of q and k", q?.dims[1], k?.dims[1]);
  agree("dimensions of the additive terms", additive?.q.dims[1], additive?.k.dims[1], additive?.v.length);
  agree("dimensions of v and the output", v?.dims[1], output?.dims[1]);
}

/**
 * Of float16 models the scores carry 10 bits: a difference below this share of the largest score is rounding.
 */
const ROUNDING = 2e-3;

function findScale(product: Tensor, scores: Tensor | undefined, dKey: number, given?: number): Scale {
  if (given !== undefined) return { value: given, how: "given" };
  const inverseRoot = 1 / Math.sqrt(dKey);
  if (!scores) return { value: inverseRoot, how: "assumed" };
  // Tried in the order of how little is left to explain; a relative bias only after both scales failed without one.
  const candidates = [
    { value: inverseRoot, how: "inverse-root" },
    { value: 1, how: "one" },
  ] as const;
  for (const kinds of [["none", "mask"], ["relative"]]) {
    for (const candidate of candidates) {
      if (kinds.includes(findBias(scaleBy(product, candidate.value), scores).kind)) return candidate;
    }
  }
  return { value: inverseRoot, how: "assumed" };
}

function findBias(scaled: Tensor, scores: Tensor): Bias {
  const [nQueries = 0, nKeys = 0] = scores.dims;
  const data = new Float32Array(scores.data.length);
  let largestScore = 0;
  let largestBias = 0;
  let masked = false;
  for (let i = 0; i < data.length; i++) {
    const score = scores.data[i]!;
    if (score <= MASKED_SCORE) {
      data[i] = -Infinity;
      masked = true;
      continue;
    }
    const rest = score - scaled.data[i]!;
    // An infinite product must not look like a mask.
    data[i] = Number.isFinite(rest) ? rest : NaN;
    if (!Number.isFinite(rest)) continue;
    largestScore = Math.max(largestScore, Math.abs(score), Math.abs(scaled.data[i]!));
    largestBias = Math.max(largestBias, Math.abs(data[i]!));
  }
  const tensor: Tensor = { dims: scores.dims, data };
  const tolerance = ROUNDING * Math.max(largestScore, 1e-6);
  if (largestBias <= tolerance) return { tensor, kind: masked ? "mask" : "none" };
  return { tensor, kind: isRelative(data, nQueries, nKeys, tolerance) ? "relative" : "other" };
}

/** Whether the finite cells depend on the distance between query and key alone; one row or column cannot tell. */
function isRelative(bias: Float32Array, nQueries: number, nKeys: number, tolerance: number): boolean {
  if (nQueries < 3 || nKeys < 3) return false;
  for (let distance = 1 - nQueries; distance < nKeys; distance++) {
    let least = Infinity;
    let most = -Infinity;
    for (let query = Math.max(0, -distance); query < Math.min(nQueries, nKeys - distance); query++) {
      const value = bias[query * nKeys + query + distance]!;
      if (!Number.isFinite(value)) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    if (most - least > 2 * tolerance) return false;
  }
  return true;
}

function scaleBy(tensor: Tensor, factor: number): Tensor {
  return { dims: tensor.dims, data: tensor.data.map((value) => value * factor) };
}
