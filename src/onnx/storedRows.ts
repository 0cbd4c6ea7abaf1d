import type { Tensor } from "../core/tensor";
import { decodeNumbers } from "./constants";
import { elementBits } from "./graph";
import type { StoredTensor } from "./graph";
import type { ByteSource } from "./wire";

/** A message carries at most 1 MB. */
const TABLE_BYTES = 1e6;
const TABLE_ROWS = 512;

/** The first rows of a stored matrix, as many as one message carries; leading axes of 1 do not count. Nothing where it lies in another file. */
export async function readRows(stored: StoredTensor, reader: ByteSource): Promise<Tensor | undefined> {
  const [length = 0, width = 0] = stored.dims.slice(-2);
  const rows = Math.min(length, TABLE_ROWS, Math.floor(TABLE_BYTES / 4 / Math.max(1, width)));
  const numbers = await readNumbers(stored, 0, rows * width, reader);
  return numbers && { dims: [rows, width], data: Float32Array.from(numbers) };
}

/** One row of a stored matrix. */
export async function readRow(
  stored: StoredTensor,
  row: number,
  reader: ByteSource,
): Promise<number[] | undefined> {
  const width = stored.dims.at(-1) ?? 0;
  return width > 65_536 ? undefined : readNumbers(stored, row * width, width, reader);
}

async function readNumbers(
  stored: StoredTensor,
  from: number,
  count: number,
  reader: ByteSource,
): Promise<number[] | undefined> {
  const size = stored.dataField === 4 ? 4 : elementBits(stored.type) / 8;
  const [start, length] = [from * size, count * size];
  const isPlain = stored.dataField === 9 || stored.dataField === 4;
  if (!isPlain || start + length > (stored.data?.byteLength ?? stored.bytes?.byteLength ?? 0))
    return undefined;
  const bytes =
    stored.bytes?.subarray(start, start + length) ??
    (stored.data && (await reader.read(stored.data.byteOffset + start, length)));
  const numbers = bytes && decodeNumbers(stored, bytes);
  return numbers?.length === count ? numbers : undefined;
}
