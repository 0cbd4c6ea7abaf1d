import type { Op, Value } from "./dataflow";
import type { Known } from "./known";
import { isOrNormOf, isSkipNorm, sumOfSkipNorm } from "./skipNorm";

export interface ResidualStream {
  /** From the embedding on. The last sum is not among them where it is made inside `fused`. */
  readonly states: readonly Value[];
  /** The operation that makes the last sum and normalises it in one go. */
  readonly fused?: Op;
}

/**
 * The states of the residual stream that ends in a value: the sums of a transformer with norms before its sublayers,
 * x + f(norm(x)), each of which goes into the next (Elhage et al. 2021). As far back as it goes; nothing where no sum of
 * a state and its own function is behind the value.
 */
export function residualStream(end: Value, known: Known): ResidualStream {
  const found = lastSum(end, known);
  const states: Value[] = [];
  for (let at = found?.state; at; at = stateBefore(at, known)) states.push(at);
  return { states: states.reverse(), ...(found?.fused && { fused: found.fused }) };
}

const PASSES = new Set(["Cast", "Identity", "Dropout"]);

/** A value before what only changes its type. */
export function uncast(value: Value): Value {
  let at = value;
  while (at.producer && PASSES.has(at.producer.node.opType) && at.producer.inputs[0]) {
    at = at.producer.inputs[0];
  }
  return at;
}

/** Operations between the stream and what is made of it: norms, a projection. */
const MOST_STEPS = 64;

/** The nearest sum behind a value that adds to a state what was computed from it; `state` is the one before where it is fused. */
function lastSum(end: Value, known: Known): { readonly state: Value; readonly fused?: Op } | undefined {
  let open = [end];
  const seen = new Set<Value>();
  for (let step = 0; step < MOST_STEPS && open.length > 0; step++) {
    const next: Value[] = [];
    for (const value of open) {
      if (stateBefore(value, known)) return { state: uncast(value) };
      const op = value.producer;
      if (op && isSkipNorm(op) && op.outputs[0] === value) {
        const before = earlierOf(addedIn(op, known), known);
        if (before) return { state: before, fused: op };
      }
      for (const input of value.producer?.inputs ?? []) {
        if (input && known.origins.isData(input) && !seen.has(input)) {
          seen.add(input);
          next.push(input);
        }
      }
    }
    open = next;
  }
  return undefined;
}

/** The state to which something that was computed from it was added to make this value. */
function stateBefore(value: Value, known: Known): Value | undefined {
  return earlierOf(operandsOf(value, known), known);
}

/** Which of two terms of a sum the other was computed from. */
function earlierOf(operands: [Value, Value] | undefined, known: Known): Value | undefined {
  if (!operands) return undefined;
  const [a, b] = operands;
  if (isBehind(a, b)) return a;
  if (isBehind(b, a)) return b;
  // x + attention(x) + mlp(x): what both were computed from is one sum further back.
  const pairs = [
    [a, b],
    [b, a],
  ] as const;
  return pairs.find(([state, added]) => {
    const before = operandsOf(state, known);
    return before?.some((one) => isBehind(one, added) && before.some((other) => isBehind(one, other)));
  })?.[0];
}

/** Both terms of a sum of content, casts left out. */
function operandsOf(value: Value, known: Known): [Value, Value] | undefined {
  const sum = uncast(value);
  const op = sum.producer;
  const isSum = op && (op.node.opType === "Add" || (isSkipNorm(op) && sumOfSkipNorm(op) === sum));
  return isSum ? addedIn(op, known) : undefined;
}

function addedIn({ inputs: [a, b] }: Op, { origins }: Known): [Value, Value] | undefined {
  if (!a || !b || !origins.isData(a) || !origins.isData(b)) return undefined;
  return [uncast(a), uncast(b)];
}

/** Whether `early`, or its norm that is made with it, goes into `late`. Operations are numbered in running order, so nothing before `early` is looked at. */
function isBehind(early: Value, late: Value): boolean {
  const from = early.producer?.order ?? -1;
  const seen = new Set<Op>();
  const open = [late];
  for (let at = open.pop(); at; at = open.pop()) {
    if (isOrNormOf(at, early)) return at !== late;
    const op = at.producer;
    if (!op || op.order <= from || seen.has(op)) continue;
    seen.add(op);
    for (const input of op.inputs) if (input) open.push(input);
  }
  return false;
}
