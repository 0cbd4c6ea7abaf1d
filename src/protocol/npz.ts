import { Zip, ZipPassThrough } from "fflate";
import { dump } from "npyjs";

/** One array of an .npz, as numpy.load gives it under its name; row-major. */
export interface NamedArray {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array;
}

/** A zip whose entries are stored as they are, as numpy.savez does: weights hardly shrink, and it is fast. */
export class NpzWriter {
  private waiting: Uint8Array[] = [];
  private failed: Error | undefined;
  private readonly zip = new Zip((error, part) => {
    if (error) this.failed = error;
    else this.waiting.push(part);
  });

  constructor(private readonly write: (part: Uint8Array) => void | Promise<void>) {}

  async add({ name, dims, data }: NamedArray): Promise<void> {
    const entry = new ZipPassThrough(`${name}.npy`);
    this.zip.add(entry);
    entry.push(new Uint8Array(dump(data, [...dims])), true);
    await this.flush();
  }

  async end(): Promise<void> {
    this.zip.end();
    await this.flush();
  }

  private async flush(): Promise<void> {
    if (this.failed) throw this.failed;
    for (const part of this.waiting.splice(0)) await this.write(part);
  }
}

/** A whole .npz in memory. */
export async function npzBytes(arrays: readonly NamedArray[]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const writer = new NpzWriter((part) => void parts.push(part));
  for (const array of arrays) await writer.add(array);
  await writer.end();
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}
