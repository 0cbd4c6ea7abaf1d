import type { FoundAttention } from "./attention";
import { decodeNumbers, storedTensor } from "./constants";
import type { Op, Value } from "./dataflow";
import type { Known } from "./known";
import { elementBits } from "./graph";
import type { StoredTensor } from "./graph";
import { productOf } from "./product";
import type { ByteSource } from "./wire";

/** Stored masks that let a query see no later key. */
export type TriangularMasks = ReadonlySet<StoredTensor>;

/** What a mask is made of, by dataflow: "causal", "padding", "causal + padding", "none", or "read from the run". */
export function maskKind(attention: FoundAttention, known: Known, triangular: TriangularMasks): string {
  const parts = new Set<string>(attention.isCausal ? ["causal"] : []);
  if (!attention.biases.length && !parts.size) return "none";
  for (const bias of attention.biases) {
    for (const value of behind(bias, projects)) {
      if (value.inputIndex >= 0) parts.add("padding");
      if (value.stored && triangular.has(value.stored)) parts.add("causal");
      const constant = value.producer?.node.attributes.get("value")?.tensor;
      if (constant && triangular.has(constant)) parts.add("causal");
      if (isOrdering(value, known)) parts.add("causal");
    }
  }
  return parts.size ? [...parts].sort().join(" + ") : "read from the run";
}

const CORNER = 8;
const MOST_MASKS = 64;

/** Looks at the first rows, from the diagonal on, of the constants that masks are made of. */
export async function findTriangular(
  found: readonly FoundAttention[],
  reader: ByteSource,
): Promise<TriangularMasks> {
  const squares = new Set<StoredTensor>();
  for (const { biases } of found) {
    for (const value of biases.flatMap((bias) => behind(bias))) {
      const tensor = value.stored ?? value.producer?.node.attributes.get("value")?.tensor;
      const [rows = 0, columns = 1] = tensor?.dims.slice(-2) ?? [];
      if (tensor?.data && rows <= columns && rows > 1 && squares.size < MOST_MASKS) squares.add(tensor);
    }
  }
  const triangular = new Set<StoredTensor>();
  for (const tensor of squares) if (await isTriangular(tensor, reader)) triangular.add(tensor);
  return triangular;
}

async function isTriangular(tensor: StoredTensor, reader: ByteSource): Promise<boolean> {
  const [nRows = 0, nColumns = 0] = tensor.dims.slice(-2);
  const bytesEach = tensor.dataField === 4 ? 4 : elementBits(tensor.type) / 8;
  const isFixedSize = tensor.dataField === 9 || tensor.dataField === 4;
  if (!tensor.data || !isFixedSize || tensor.data.byteLength < nRows * nColumns * bytesEach) return false;
  const own = new Set<number>();
  const later = new Set<number>();
  for (let row = 0; row < Math.min(CORNER, nRows); row++) {
    const diagonal = row + nColumns - nRows;
    const width = Math.min(CORNER, nColumns - row);
    const column = Math.min(diagonal, nColumns - width);
    const byteOffset = tensor.data.byteOffset + (row * nColumns + column) * bytesEach;
    const numbers = decodeNumbers(tensor, await reader.read(byteOffset, width * bytesEach)) ?? [];
    numbers.forEach((number, index) => (column + index > diagonal ? later : own).add(number));
  }
  return own.size === 1 && later.size === 1 && [...own][0] !== [...later][0];
}

const MOST_VISITED = 500;

/** A product with stored weights: what follows is content (a bias from queries), no mask. */
function projects(op: Op): boolean {
  const product = productOf(op);
  if (!product) return false;
  return [product.left, product.right].some((value) => (storedTensor(value)?.dims.length ?? 0) >= 2);
}

/** All values that a mask is computed from, itself included; shapes and what lies before `ends` are left out. */
export function behind(bias: Value, ends: (op: Op) => boolean = () => false): Value[] {
  const seen = new Set<Value>([bias]);
  const open = [bias];
  for (let value = open.pop(); value && seen.size < MOST_VISITED; value = open.pop()) {
    const op = value.producer;
    if (!op || op.node.opType === "Shape" || ends(op)) continue;
    for (const input of [...op.inputs, ...value.inner]) {
      if (input && !seen.has(input)) {
        seen.add(input);
        open.push(input);
      }
    }
  }
  return [...seen];
}

const COMPARES = new Set(["Less", "LessOrEqual", "Greater", "GreaterOrEqual"]);

function isOrdering({ producer }: Value, known: Known): boolean {
  if (!producer) return false;
  if (producer.node.opType === "Trilu") return true;
  return (
    COMPARES.has(producer.node.opType) &&
    producer.inputs.every((input) => input !== undefined && countsPositions(input, known))
  );
}

/** Whether a value is a Range or a running sum, shifted or reshaped. */
function countsPositions(value: Value, known: Known): boolean {
  let at: Value | undefined = value;
  for (let step = 0; at && step < 12; step++) {
    const op: Value["producer"] = at.producer;
    if (!op) return false;
    if (op.node.opType === "Range" || op.node.opType === "CumSum") return true;
    at = op.inputs.find((input) => input && !known.origins.isConstant(input));
  }
  return false;
}

/** Whether the keys grow with those of an earlier run: a Concat with an input of the model. */
export function hasPast({ keysFrom, ...attention }: FoundAttention): boolean {
  if (attention.hasPast) return true;
  let at: Value | undefined = keysFrom;
  for (let step = 0; at && step < 12; step++) {
    const op: Value["producer"] = at.producer;
    if (op?.node.opType === "Concat") {
      return op.inputs.some((input) => input !== undefined && isNearInput(input));
    }
    at = op?.inputs[0];
  }
  return false;
}

function isNearInput(value: Value): boolean {
  let at: Value | undefined = value;
  for (let step = 0; at && step < 6; step++) {
    if (at.inputIndex >= 0) return true;
    at = at.producer?.inputs[0];
  }
  return false;
}
