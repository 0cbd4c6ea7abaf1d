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

/**
 * One field of a message as it lies in the file; `value` is set for numbers, the range for everything with a length.
 * It holds until the visit of it is done: one object serves all fields of a message (a new one for each was a third of
 * what a scan allocates).
 */
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

const UTF8 = new TextDecoder();
const FIRST_WINDOW = 2 * 1024;
const WINDOW = 64 * 1024;
const LONGEST_TAG_AND_LENGTH = 20;
const LONGEST_NAME = 64 * 1024;

/** Undefined where something is done already; most of a graph is, and a promise for each field would cost more than it. */
export type Waiting = void | Promise<void>;

/** Goes on behind something that may have to be waited for. */
export function after(pending: Waiting, next: () => Waiting): Waiting {
  return pending instanceof Promise ? pending.then(next) : next();
}

/** Reads protobuf fields of a file through a small window; a payload that nobody asks for is never read. */
export class Cursor {
  private window = new PbfReader(new Uint8Array(0));
  private windowOffset = 0;
  private windowLength = FIRST_WINDOW;

  constructor(private readonly reader: ByteSource) {}

  get fileLength(): number {
    return this.reader.byteLength;
  }

  /** Calls `visit` for each field of a message in order; waits only where it must, as `visit` does. */
  fields(
    range: { byteOffset: number; byteLength: number },
    visit: (field: Field) => Waiting,
    from = range.byteOffset,
  ): Waiting {
    const end = range.byteOffset + range.byteLength;
    const field = emptyField();
    for (let offset = from; offset < end;) {
      const headerLength = Math.min(LONGEST_TAG_AND_LENGTH, this.reader.byteLength - offset);
      if (!this.holds(offset, headerLength)) {
        const here = offset;
        return this.load(offset, headerLength).then(() => this.fields(range, visit, here));
      }
      this.readField(offset, end, field);
      const next = field.byteOffset + field.byteLength;
      const pending = visit(field);
      if (pending instanceof Promise) return pending.then(() => this.fields(range, visit, next));
      offset = next;
    }
  }

  /** Hands over the bytes of a field: a view that is valid until the next read. */
  bytes(range: { byteOffset: number; byteLength: number }, use: (bytes: Uint8Array) => void): Waiting {
    const { byteOffset, byteLength } = range;
    if (!this.holds(byteOffset, byteLength))
      return this.load(byteOffset, byteLength).then(() => use(this.held(byteOffset, byteLength)));
    use(this.held(byteOffset, byteLength));
  }

  /** Hands over a short text field. */
  string(field: Field, use: (text: string) => void): Waiting {
    if (field.byteLength > LONGEST_NAME) throw nameTooLong(field.byteOffset, field.byteLength, LONGEST_NAME);
    const { byteOffset, byteLength } = field;
    if (!this.holds(byteOffset, byteLength))
      return this.load(byteOffset, byteLength).then(() =>
        use(UTF8.decode(this.held(byteOffset, byteLength))),
      );
    use(UTF8.decode(this.held(byteOffset, byteLength)));
  }

  private held(byteOffset: number, byteLength: number): Uint8Array {
    const start = byteOffset - this.windowOffset;
    return this.window.buf.subarray(start, start + byteLength);
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
    // Behind a weight there is little but the next weight; behind a full window there is more of the same.
    const goesOn = byteOffset <= this.windowOffset + this.window.buf.byteLength;
    this.windowLength = goesOn ? Math.min(WINDOW, this.windowLength * 4) : FIRST_WINDOW;
    const bytes = await this.reader.read(
      byteOffset,
      Math.min(available, Math.max(this.windowLength, length)),
    );
    this.window = new PbfReader(bytes);
    this.windowOffset = byteOffset;
  }

  private readField(startOffset: number, end: number, into: Growing<Field>): void {
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
      into.number = number;
      into.wire = wire;
      into.startOffset = startOffset;
      into.lengthOffset = lengthOffset;
      into.byteOffset = byteOffset;
      into.byteLength = byteLength;
      into.value = value;
    } catch (error) {
      if (error instanceof HeadlightError) throw error;
      throw damagedModel(startOffset, "a number that is no number");
    }
  }
}

type Growing<T> = { -readonly [key in keyof T]: T[key] };

function emptyField(): Growing<Field> {
  return { number: 0, wire: 0, startOffset: 0, lengthOffset: 0, byteOffset: 0, byteLength: 0, value: 0 };
}

export function messageRange(field: Field, parent: MessageRange): MessageRange {
  return {
    lengthOffset: field.lengthOffset,
    byteOffset: field.byteOffset,
    byteLength: field.byteLength,
    parent,
  };
}
