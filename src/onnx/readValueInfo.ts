import { elementType } from "./graph";
import type { ValueInfo } from "./graph";
import { after } from "./wire";
import type { Cursor, Field, Waiting } from "./wire";

type Use<T> = (found: T) => void;

/** A ValueInfoProto (onnx.proto3): element type and shape, as far as they are said. */
export function readValueInfo(cursor: Cursor, field: Field, use: Use<ValueInfo>): Waiting {
  const found: { name: string; type: string; dims?: ValueInfo["dims"] } = { name: "", type: "" };
  const read = cursor.fields(field, (inner) => {
    if (inner.number === 1 && inner.wire === 2) return cursor.string(inner, (text) => (found.name = text));
    if (inner.number !== 2 || inner.wire !== 2) return;
    return cursor.fields(inner, (kind) => {
      if (kind.number !== 1 || kind.wire !== 2) return;
      return cursor.fields(kind, (tensor) => {
        if (tensor.number === 1) found.type = elementType(tensor.value);
        else if (tensor.number === 2 && tensor.wire === 2)
          return shape(cursor, tensor, (dims) => (found.dims = dims));
      });
    });
  });
  return after(read, () => use(found));
}

function shape(cursor: Cursor, field: Field, use: Use<(number | string | null)[]>): Waiting {
  const dims: (number | string | null)[] = [];
  const read = cursor.fields(field, (inner) => {
    if (inner.number !== 1 || inner.wire !== 2) return;
    const axis = dims.push(null) - 1;
    return cursor.fields(inner, (part) => {
      if (part.number === 1) dims[axis] = part.value;
      else if (part.number === 2 && part.wire === 2) {
        return cursor.string(part, (text) => (dims[axis] = text || null));
      }
    });
  });
  return after(read, () => use(dims));
}
