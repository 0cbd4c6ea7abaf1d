import { damagedModel } from "./errors";
import { elementType } from "./graph";
import type { StoredTensor } from "./graph";
import { readNumbers } from "./readNumbers";
import { after, messageRange } from "./wire";
import type { Cursor, Field, MessageRange, Waiting } from "./wire";

/** Tensors up to this many bytes are kept: shapes, scales, slopes. Weights are larger and stay where they are. */
export const SMALL_TENSOR = 4096;

type Use<T> = (found: T) => void;

/** A TensorProto (onnx.proto3): what it is, and where its data lies. */
export function readTensor(cursor: Cursor, range: MessageRange, use: Use<StoredTensor>): Waiting {
  const dims: number[] = [];
  const found: {
    name: string;
    type: number;
    field: number;
    data?: StoredTensor["data"];
    isExternal: boolean;
  } = {
    name: "",
    type: 0,
    field: 0,
    isExternal: false,
  };
  const entries = new Map<string, string>();
  const read = cursor.fields(range, (field) => {
    switch (field.number) {
      case 1:
        return readNumbers(cursor, field, "varint", dims);
      case 2:
        found.type = field.value;
        return;
      case 8:
        return field.wire === 2 ? cursor.string(field, (text) => (found.name = text)) : undefined;
      case 13:
        return externalEntry(cursor, field, entries);
      case 14:
        found.isExternal = field.value === 1;
        return;
    }
    if (DATA_FIELDS.has(field.number) && field.wire === 2 && field.byteLength > 0) {
      const { startOffset, byteOffset, byteLength } = field;
      found.field = field.number;
      found.data = { startOffset, byteOffset, byteLength };
    }
  });
  return after(read, () => {
    const { name, data } = found;
    const tensor = { name, type: elementType(found.type), dims, range };
    if (found.isExternal) return use({ ...tensor, dataField: 0, external: externalPlace(entries) });
    if (!data) return use({ ...tensor, dataField: 0 });
    const stored = { ...tensor, dataField: found.field, data };
    if (data.byteLength > SMALL_TENSOR) return use(stored);
    return cursor.bytes(data, (bytes) => use({ ...stored, bytes: bytes.slice() }));
  });
}

/** Named after its values; what counts for finding attention is that it is constant. */
export function readSparseTensor(cursor: Cursor, range: MessageRange, use: Use<StoredTensor>): Waiting {
  let found: StoredTensor | undefined;
  const read = cursor.fields(range, (field) => {
    if (field.number === 1 && field.wire === 2) {
      return readTensor(cursor, messageRange(field, range), (tensor) => (found = tensor));
    }
  });
  return after(read, () => {
    if (!found) throw damagedModel(range.byteOffset, "a sparse tensor without values");
    const { name, type, dims } = found;
    use({ name, type, dims, range, dataField: 0 });
  });
}

function externalEntry(cursor: Cursor, field: Field, entries: Map<string, string>): Waiting {
  let key = "";
  let value = "";
  const read = cursor.fields(field, (inner) => {
    if (inner.wire !== 2) return;
    if (inner.number === 1) return cursor.string(inner, (text) => (key = text));
    if (inner.number === 2) return cursor.string(inner, (text) => (value = text));
  });
  return after(read, () => void entries.set(key, value));
}

/** float_data, int32_data, int64_data, raw_data, double_data, uint64_data */
const DATA_FIELDS = new Set([4, 5, 7, 9, 10, 11]);

function externalPlace(entries: Map<string, string>): NonNullable<StoredTensor["external"]> {
  const byteLength = Number(entries.get("length") ?? Number.NaN);
  return {
    location: entries.get("location") ?? "",
    byteOffset: Number(entries.get("offset") ?? 0),
    ...(Number.isFinite(byteLength) && { byteLength }),
  };
}
