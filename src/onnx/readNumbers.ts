import { PbfReader } from "pbf";
import { damagedModel } from "./errors";
import type { Cursor, Field, Waiting } from "./wire";

/** Lists longer than this are data, not attributes. */
const LONGEST_LIST = 32 * 1024;

/** One number of a repeated field, or all of them where they are packed. */
export function readNumbers(cursor: Cursor, field: Field, kind: "float" | "varint", into: number[]): Waiting {
  if (field.wire !== 2) {
    into.push(field.value);
    return;
  }
  if (field.byteLength > LONGEST_LIST) return;
  return cursor.bytes(field, (bytes) => {
    const pbf = new PbfReader(bytes);
    try {
      while (pbf.pos < pbf.length) into.push(kind === "float" ? pbf.readFloat() : pbf.readVarint(true));
    } catch {
      throw damagedModel(field.byteOffset, "a list of numbers that are no numbers");
    }
  });
}
