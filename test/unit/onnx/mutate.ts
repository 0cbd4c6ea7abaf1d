/** mulberry32 (T. Ettinger): the same cases on every run. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A copy that is cut off, or with a few bytes changed, flipped, moved or filled. */
export function mutate(original: Uint8Array, next: () => number): Uint8Array {
  const at = (length: number) => Math.floor(next() * length);
  const kind = at(5);
  if (kind === 0) return original.slice(0, at(original.byteLength));
  const bytes = original.slice();
  for (let count = 1 + at(6); count > 0; count--) {
    const place = at(bytes.byteLength);
    if (kind === 1) bytes[place] = at(256);
    else if (kind === 2) bytes[place] = (bytes[place] ?? 0) ^ (1 << at(8));
    else if (kind === 3) bytes.copyWithin(place, at(bytes.byteLength), at(bytes.byteLength));
    else bytes.fill([0x00, 0x7f, 0x80, 0xff][at(4)] ?? 0, place, place + 1 + at(9));
  }
  return bytes;
}
