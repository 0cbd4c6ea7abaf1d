import { PbfWriter } from "pbf";
import type { ByteSource, MessageRange } from "./wire";

/** A change inside one message of the file: `remove` bytes from `byteOffset` on give way to `insert`. */
export interface Edit {
  readonly within: MessageRange;
  readonly byteOffset: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

interface FlatEdit {
  readonly byteOffset: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

/** Writes something at the end of a message, where protobuf lets any field stand. */
export function atEndOf(within: MessageRange, insert: Uint8Array): Edit {
  return { within, byteOffset: within.byteOffset + within.byteLength, remove: 0, insert };
}

/** The whole file with its edits, all lengths around them put right, and a suffix; read in parts, in one buffer. */
export async function applyEdits(
  reader: ByteSource,
  edits: readonly Edit[],
  suffix: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const flat = withLengths(edits);
  const grown = flat.reduce((sum, edit) => sum + edit.insert.byteLength - edit.remove, 0);
  const bytes = new Uint8Array(reader.byteLength + grown + suffix.byteLength);
  let from = 0;
  let to = 0;
  for (const edit of flat) {
    to = await copy(reader, from, edit.byteOffset, bytes, to);
    bytes.set(edit.insert, to);
    to += edit.insert.byteLength;
    from = edit.byteOffset + edit.remove;
  }
  to = await copy(reader, from, reader.byteLength, bytes, to);
  bytes.set(suffix, to);
  return bytes;
}

const CHUNK = 4 * 1024 * 1024;

async function copy(
  reader: ByteSource,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): Promise<number> {
  for (let offset = start; offset < end; offset += CHUNK) {
    into.set(await reader.read(offset, Math.min(CHUNK, end - offset)), at + offset - start);
  }
  return at + Math.max(0, end - start);
}

/** Adds the new length prefix of every message that an edit makes longer or shorter, innermost first. */
function withLengths(edits: readonly Edit[]): FlatEdit[] {
  const growth = new Map<MessageRange, number>();
  const grow = (range: MessageRange, bytes: number) => growth.set(range, (growth.get(range) ?? 0) + bytes);
  for (const edit of edits) grow(edit.within, edit.insert.byteLength - edit.remove);
  const flat: FlatEdit[] = [...edits];
  const done = new Set<MessageRange>();
  const depth = (range: MessageRange): number => (range.parent ? 1 + depth(range.parent) : 0);
  for (let level = Math.max(0, ...edits.map(({ within }) => depth(within))); level >= 0; level--) {
    for (const [range, bytes] of [...growth]) {
      if (done.has(range) || depth(range) !== level) continue;
      done.add(range);
      if (range.lengthOffset < 0) continue;
      const insert = varint(range.byteLength + bytes);
      const remove = range.byteOffset - range.lengthOffset;
      flat.push({ byteOffset: range.lengthOffset, remove, insert });
      if (range.parent) grow(range.parent, bytes + insert.byteLength - remove);
    }
  }
  return flat
    .map((edit, index) => ({ edit, index }))
    .sort((a, b) => a.edit.byteOffset - b.edit.byteOffset || a.index - b.index)
    .map(({ edit }) => edit);
}

function varint(value: number): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarint(value);
  return pbf.finish();
}
