import type { Op, Value } from "./dataflow";
import type { Known } from "./known";

/**
 * The states of the residual stream that ends in a value, from the embedding on: the sums of a transformer with norms
 * before its sublayers, x + f(norm(x)), each of which goes into the next (Elhage et al. 2021). As far back as it goes;
 * nothing where no sum of a state and its own function is behind the value.
 */
export function residualStream(end: Value, known: Known): Value[] {
  const states: Value[] = [];
  for (let at = lastSum(end, known); at; at = stateBefore(at, known)) states.push(at);
  return states.reverse();
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

/** The nearest sum behind a value that adds to a state what was computed from it. */
function lastSum(end: Value, known: Known): Value | undefined {
  let open = [end];
  const seen = new Set<Value>();
  for (let step = 0; step < MOST_STEPS && open.length > 0; step++) {
    const next: Value[] = [];
    for (const value of open) {
      if (stateBefore(value, known)) return uncast(value);
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
  const operands = operandsOf(value, known);
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
function operandsOf(value: Value, { origins }: Known): [Value, Value] | undefined {
  const op = uncast(value).producer;
  const [a, b] = op?.inputs ?? [];
  if (op?.node.opType !== "Add" || !a || !b || !origins.isData(a) || !origins.isData(b)) return undefined;
  return [uncast(a), uncast(b)];
}

/** Whether `early` goes into `late`. Operations are numbered in running order, so nothing before `early` is looked at. */
function isBehind(early: Value, late: Value): boolean {
  const from = early.producer?.order ?? -1;
  const seen = new Set<Op>();
  const open = [late];
  for (let at = open.pop(); at; at = open.pop()) {
    if (at === early) return at !== late;
    const op = at.producer;
    if (!op || op.order <= from || seen.has(op)) continue;
    seen.add(op);
    for (const input of op.inputs) if (input) open.push(input);
  }
  return false;
}
