import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ByteSource } from "../../../src/onnx/wire";

/** Graphs and tensors that nobody on this project wrote; not part of the repository. */
export const FIXTURES = fileURLToPath(new URL("../../../../shared/fixtures", import.meta.url));
export const hasFixtures = existsSync(FIXTURES);
if (!hasFixtures) console.warn(`SKIPPED: no fixtures at ${FIXTURES}`);

export function foldersIn(folder: string): string[] {
  if (!hasFixtures) return [];
  return readdirSync(`${FIXTURES}/${folder}`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

export function readFixture(path: string): Uint8Array {
  return new Uint8Array(readFileSync(`${FIXTURES}/${path}`));
}

/** A file in memory that counts what is read of it. */
export function sourceOf(bytes: Uint8Array): ByteSource & { bytesRead: number } {
  return {
    byteLength: bytes.byteLength,
    bytesRead: 0,
    read(byteOffset, length) {
      if (byteOffset < 0 || byteOffset + length > bytes.byteLength)
        throw new RangeError("read outside the file");
      this.bytesRead += length;
      return Promise.resolve(bytes.slice(byteOffset, byteOffset + length));
    },
  };
}
