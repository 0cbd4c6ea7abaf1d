import { decodeNumbers } from "./constants";
import type { Op, Value } from "./dataflow";
import { numberOf } from "./graph";

/** A number, a symbol that stands for one, or null where nothing is known. */
export type Dim = number | string | null;
export type Dims = readonly Dim[];

interface Known {
  dimsOf(value: Value): Dims | undefined;
  numbersOf(value: Value): readonly Dim[] | undefined;
}

/** The content of a small integer tensor that is computed from shapes; undefined where it is something else. */
export function shapeValueOf(op: Op, known: Known): readonly Dim[] | undefined {
  const { node } = op;
  const at = (index: number): readonly Dim[] | undefined =>
    op.inputs[index] ? known.numbersOf(op.inputs[index]) : undefined;
  const first = at(0);
  switch (node.opType) {
    case "Shape": {
      const dims = op.inputs[0] && known.dimsOf(op.inputs[0]);
      return dims?.slice(numberOf(node, "start") ?? 0, numberOf(node, "end") ?? dims.length);
    }
    case "Cast":
    case "Identity":
    case "Unsqueeze":
    case "Squeeze":
    case "Reshape":
      return first;
    case "Gather": {
      const indices = at(1);
      return first && indices?.map((index) => (typeof index === "number" ? (first.at(index) ?? null) : null));
    }
    case "Slice": {
      const [start, end, step] = [at(1)?.[0], at(2)?.[0], at(4)?.[0] ?? 1];
      if (typeof start !== "number" || typeof end !== "number" || step !== 1) return undefined;
      return first?.slice(start, end);
    }
    case "Concat": {
      const parts = op.inputs.map(
        (value) => value && (known.numbersOf(value) ?? unknownVector(known.dimsOf(value))),
      );
      return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
    }
    case "ConstantOfShape": {
      const length = first?.length === 1 ? first[0] : undefined;
      const fill = node.attributes.get("value")?.tensor;
      if (typeof length !== "number" || length > 16 || length < 0) return undefined;
      return new Array<Dim>(length).fill((fill?.bytes && decodeNumbers(fill, fill.bytes)?.[0]) ?? 0);
    }
    case "Add":
    case "Sub":
    case "Mul":
    case "Div":
    case "Equal":
      return pairwise(node.opType, first, at(1));
    case "Where": {
      const [yes, no] = [at(1), at(2)];
      if (!first || !yes || !no || yes.length !== no.length) return undefined;
      return yes.map((value, index) => {
        const choice = first[first.length === 1 ? 0 : index];
        return choice === 1 ? value : choice === 0 ? (no[index] ?? null) : null;
      });
    }
  }
  return undefined;
}

function unknownVector(dims: Dims | undefined): readonly Dim[] | undefined {
  if (dims?.length === 0) return [null];
  const length = dims?.length === 1 ? dims[0] : undefined;
  return typeof length === "number" && length <= 16 ? new Array<Dim>(length).fill(null) : undefined;
}

function pairwise(
  kind: string,
  a: readonly Dim[] | undefined,
  b: readonly Dim[] | undefined,
): readonly Dim[] | undefined {
  if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return undefined;
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => {
    const left = a[a.length === 1 ? 0 : index] ?? null;
    const right = b[b.length === 1 ? 0 : index] ?? null;
    return combine(kind, left, right);
  });
}

function combine(kind: string, left: Dim, right: Dim): Dim {
  if (kind === "Equal") {
    if (left === null || right === null) return null;
    // A size is never -1, so a symbol differs from it.
    if (typeof left === "string" || typeof right === "string") return left === right ? 1 : 0;
    return left === right ? 1 : 0;
  }
  if (kind === "Mul" && right === 1) return left;
  if (kind === "Mul" && left === 1) return right;
  if (kind === "Div" && right === 1) return left;
  if ((kind === "Add" || kind === "Sub") && right === 0) return left;
  if (typeof left !== "number" || typeof right !== "number") return null;
  switch (kind) {
    case "Add":
      return left + right;
    case "Sub":
      return left - right;
    case "Mul":
      return left * right;
  }
  return right === 0 ? null : Math.trunc(left / right);
}
