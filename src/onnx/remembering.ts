import type { ByteSource } from "./wire";

/** What lies between two weights is hardly longer; what is longer is not worth keeping. */
const SHORT_PART = 2048;

interface Part {
  readonly byteOffset: number;
  readonly bytes: Uint8Array;
}

/** Gives what lies in short parts a second time without reading: what is between weights is needed for the scan and for the bytes. */
export function remembering(reader: ByteSource): ByteSource {
  /** In the order of the file, as a scan reads it. */
  const parts: Part[] = [];
  return {
    byteLength: reader.byteLength,
    async read(byteOffset, length) {
      const known = lastUpTo(parts, byteOffset);
      if (known && byteOffset + length <= known.byteOffset + known.bytes.byteLength) {
        const from = byteOffset - known.byteOffset;
        return known.bytes.subarray(from, from + length);
      }
      const bytes = await reader.read(byteOffset, length);
      const isNext = byteOffset > (parts.at(-1)?.byteOffset ?? -1);
      if (bytes.byteLength <= SHORT_PART && isNext) parts.push({ byteOffset, bytes });
      return bytes;
    },
  };
}

/** The part that starts nearest before or at a place. */
function lastUpTo(parts: readonly Part[], byteOffset: number): Part | undefined {
  let [low, high] = [0, parts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((parts[middle]?.byteOffset ?? 0) <= byteOffset) low = middle + 1;
    else high = middle;
  }
  return parts[low - 1];
}
