import { PbfReader } from "pbf";
import { HeadlightError } from "../core/errors";
import { damagedModel, nameTooLong } from "./errors";

/** What the scan needs of a file: its length, and any part of it. */
export interface ByteSource {
  readonly byteLength: number;
  read(byteOffset: number, length: number): Promise<Uint8Array>;
}

/** Where a message lies in the file: its length prefix, then its content. The whole file has no prefix. */
export interface MessageRange {
  readonly lengthOffset: number;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly parent?: MessageRange;
}

/** One field of a message as it lies in the file; `value` is set for numbers, the range for everything with a length. */
export interface Field {
  readonly number: number;
  readonly wire: number;
  /** Of the tag. */
  readonly startOffset: number;
  readonly lengthOffset: number;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Varint (signed 64-bit as a double) or fixed32/fixed64 as a float. */
  readonly value: number;
}

const WINDOW = 64 * 1024;
const LONGEST_TAG_AND_LENGTH = 20;
const LONGEST_NAME = 64 * 1024;

/** Reads protobuf fields of a file through a small window; a payload that nobody asks for is never read. */
export class Cursor {
  private window = new PbfReader(new Uint8Array(0));
  private windowOffset = 0;

  constructor(private readonly reader: ByteSource) {}

  get fileLength(): number {
    return this.reader.byteLength;
  }

  /** Calls `visit` for each field of [byteOffset, byteOffset + byteLength) in order; waits only where it must. */
  async fields(
    range: { byteOffset: number; byteLength: number },
    visit: (field: Field) => void | Promise<void>,
  ): Promise<void> {
    const end = range.byteOffset + range.byteLength;
    let offset = range.byteOffset;
    while (offset < end) {
      const headerLength = Math.min(LONGEST_TAG_AND_LENGTH, this.reader.byteLength - offset);
      if (!this.holds(offset, headerLength)) await this.load(offset, headerLength);
      const field = this.fieldAt(offset, end);
      const pending = visit(field);
      if (pending) await pending;
      offset = field.byteOffset + field.byteLength;
    }
  }

  /** The bytes of a field; a view that is valid until the next read. */
  async bytes(range: { byteOffset: number; byteLength: number }): Promise<Uint8Array> {
    if (!this.holds(range.byteOffset, range.byteLength)) await this.load(range.byteOffset, range.byteLength);
    const start = range.byteOffset - this.windowOffset;
    return this.window.buf.subarray(start, start + range.byteLength);
  }

  /** A short text field; a promise only where the window does not hold it. */
  string(field: Field, assign: (text: string) => void): void | Promise<void> {
    if (field.byteLength > LONGEST_NAME) throw nameTooLong(field.byteOffset, field.byteLength, LONGEST_NAME);
    if (this.holds(field.byteOffset, field.byteLength)) return assign(this.decode(field));
    return this.load(field.byteOffset, field.byteLength).then(() => assign(this.decode(field)));
  }

  private decode(field: Field): string {
    const start = field.byteOffset - this.windowOffset;
    return new TextDecoder().decode(this.window.buf.subarray(start, start + field.byteLength));
  }

  private holds(byteOffset: number, length: number): boolean {
    return (
      byteOffset >= this.windowOffset && byteOffset + length <= this.windowOffset + this.window.buf.byteLength
    );
  }

  private async load(byteOffset: number, length: number): Promise<void> {
    const available = this.reader.byteLength - byteOffset;
    if (length > available)
      throw damagedModel(byteOffset, `${length} bytes are announced, ${available} are left`);
    const bytes = await this.reader.read(byteOffset, Math.min(available, Math.max(WINDOW, length)));
    this.window = new PbfReader(bytes);
    this.windowOffset = byteOffset;
  }

  private fieldAt(startOffset: number, end: number): Field {
    const pbf = this.window;
    pbf.pos = startOffset - this.windowOffset;
    try {
      const tag = pbf.readVarint();
      const wire = tag % 8;
      const number = Math.floor(tag / 8);
      const lengthOffset = this.windowOffset + pbf.pos;
      let value = 0;
      let byteOffset = lengthOffset;
      let byteLength = 0;
      if (wire === 0) {
        value = pbf.readVarint(true);
        byteOffset = this.windowOffset + pbf.pos;
      } else if (wire === 2) {
        byteLength = pbf.readVarint();
        byteOffset = this.windowOffset + pbf.pos;
      } else if (wire === 5 || wire === 1) {
        byteLength = wire === 5 ? 4 : 8;
        if (lengthOffset + byteLength <= end) value = wire === 5 ? pbf.readFloat() : pbf.readDouble();
      } else {
        throw damagedModel(startOffset, `a field of unknown kind ${wire}`);
      }
      if (!(number > 0) || pbf.pos > pbf.length || byteOffset + byteLength > end) {
        throw damagedModel(startOffset, `field ${number} is longer than what holds it`);
      }
      return { number, wire, startOffset, lengthOffset, byteOffset, byteLength, value };
    } catch (error) {
      if (error instanceof HeadlightError) throw error;
      throw damagedModel(startOffset, "a number that is no number");
    }
  }
}

export function messageRange(field: Field, parent: MessageRange): MessageRange {
  return {
    lengthOffset: field.lengthOffset,
    byteOffset: field.byteOffset,
    byteLength: field.byteLength,
    parent,
  };
}
