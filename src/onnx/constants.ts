import type { Value } from "./dataflow";
import type { StoredTensor } from "./graph";

/** The stored tensor behind a value: an initialiser or a Constant node, also through Identity. */
export function storedTensor(value: Value): StoredTensor | undefined {
  for (let at: Value | undefined = value, step = 0; at && step < 16; step++) {
    if (at.stored) return at.stored;
    const node = at.producer?.node;
    if (node?.opType === "Constant") return node.attributes.get("value")?.tensor;
    if (node?.opType !== "Identity") return undefined;
    at = at.producer?.inputs[0];
  }
  return undefined;
}

/** The numbers of a small stored tensor; undefined where it is large, lies elsewhere or is no number type. */
export function storedNumbers(value: Value): number[] | undefined {
  for (let at: Value | undefined = value, step = 0; at && step < 16; step++) {
    const node = at.producer?.node;
    if (node?.opType === "Constant") {
      for (const name of ["value_float", "value_int"]) {
        const number = node.attributes.get(name)?.number;
        if (number !== undefined) return [number];
      }
      for (const name of ["value_floats", "value_ints"]) {
        const numbers = node.attributes.get(name)?.numbers;
        if (numbers) return [...numbers];
      }
    }
    if (node?.opType !== "Identity") break;
    at = at.producer?.inputs[0];
  }
  const tensor = storedTensor(value);
  return tensor?.bytes && decodeNumbers(tensor, tensor.bytes);
}

/** Decodes the data of a stored tensor (raw little-endian, or one of the typed fields of TensorProto). */
export function decodeNumbers(tensor: StoredTensor, bytes: Uint8Array): number[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers: number[] = [];
  if (tensor.dataField === 5 || tensor.dataField === 7 || tensor.dataField === 11) {
    const values = varints(bytes);
    return tensor.type === "float16" ? values.map(halfToNumber) : values;
  }
  const type = tensor.dataField === 4 ? "float32" : tensor.dataField === 10 ? "float64" : tensor.type;
  const read = READERS[type];
  if (!read) return undefined;
  for (let at = 0; at + read.size <= bytes.byteLength; at += read.size) numbers.push(read.at(view, at));
  return numbers;
}

const READERS: Record<string, { size: number; at: (view: DataView, offset: number) => number }> = {
  float32: { size: 4, at: (view, offset) => view.getFloat32(offset, true) },
  float64: { size: 8, at: (view, offset) => view.getFloat64(offset, true) },
  float16: { size: 2, at: (view, offset) => halfToNumber(view.getUint16(offset, true)) },
  bfloat16: { size: 2, at: (view, offset) => bfloatToNumber(view.getUint16(offset, true)) },
  int64: { size: 8, at: (view, offset) => Number(view.getBigInt64(offset, true)) },
  uint64: { size: 8, at: (view, offset) => Number(view.getBigUint64(offset, true)) },
  int32: { size: 4, at: (view, offset) => view.getInt32(offset, true) },
  uint32: { size: 4, at: (view, offset) => view.getUint32(offset, true) },
  int16: { size: 2, at: (view, offset) => view.getInt16(offset, true) },
  uint16: { size: 2, at: (view, offset) => view.getUint16(offset, true) },
  int8: { size: 1, at: (view, offset) => view.getInt8(offset) },
  uint8: { size: 1, at: (view, offset) => view.getUint8(offset) },
  bool: { size: 1, at: (view, offset) => view.getUint8(offset) },
};

function varints(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte < 0x80) {
      numbers.push(Number(BigInt.asIntN(64, value)));
      value = 0n;
      shift = 0n;
    }
  }
  return numbers;
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * 2 ** -14 * (fraction / 1024);
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

function bfloatToNumber(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}
