import type { Dataflow, Value } from "./dataflow";

/** What a value is made of. */
export interface Origins {
  /** Nothing but stored tensors: the same in each run. */
  isConstant(value: Value): boolean;
  /** Bit i is set where the *content* of input i goes into the value; a shape alone does not count. */
  inputsOf(value: Value): bigint;
  /** Whether content of any input goes in. */
  isData(value: Value): boolean;
}

/** Give the shape of their input, or nothing of it. */
export const FORGET_CONTENT = new Set(["Shape", "Size", "ConstantOfShape", "EyeLike"]);

export function findOrigins(flow: Dataflow): Origins {
  const nInputs = [...flow.main.values.values()].filter((value) => value.inputIndex >= 0).length;
  const unknownInput = 1n << BigInt(nInputs);
  const bodyInput = unknownInput << 1n;
  const inputs = new Map<Value, bigint>();
  const constants = new Set<Value>();

  function settle(value: Value): bigint {
    const known = inputs.get(value);
    if (known !== undefined) return known;
    let bits = 0n;
    if (value.stored) constants.add(value);
    else if (value.inputIndex >= 0) bits = 1n << BigInt(value.inputIndex);
    else if (!value.producer) bits = value.scope.kind === "body" ? bodyInput : unknownInput;
    inputs.set(value, bits);
    return bits;
  }

  for (const op of flow.ops) {
    let bits = 0n;
    let allConstant = true;
    for (const value of op.inputs) {
      if (!value) continue;
      bits |= settle(value);
      allConstant &&= constants.has(value);
    }
    for (const value of op.bodyResults) bits |= settle(value);
    // What the body of a loop is given, the loop is given.
    if (op.bodyResults.length > 0) bits &= ~bodyInput;
    if (FORGET_CONTENT.has(op.node.opType)) bits = 0n;
    op.outputs.forEach((value) => {
      let own = bits;
      for (const inner of value.inner) own |= settle(inner);
      inputs.set(value, own);
      if (allConstant && value.inner.every((inner) => constants.has(inner)) && isPure(op.node)) {
        constants.add(value);
      }
    });
  }
  return {
    isConstant: (value) => settle(value) === 0n && constants.has(value),
    inputsOf: settle,
    isData: (value) => settle(value) !== 0n,
  };
}

function isPure(node: { opType: string; attributes: ReadonlyMap<string, { graph?: unknown }> }): boolean {
  return !node.opType.startsWith("Random") && ![...node.attributes.values()].some((found) => found.graph);
}
