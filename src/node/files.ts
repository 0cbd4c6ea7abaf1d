import { constants, readSync } from "node:fs";
import { access, open, readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { fileMissing, fileTooShort, outsideFolder } from "../core/errors";
import type { FileReader, Files } from "../model/files";

/** Files of the machine; references are paths. */
export const nodeFiles: Files = {
  open: openFile,
  async readAll(reference) {
    try {
      return new Uint8Array(await readFile(reference));
    } catch (error) {
      throw fileMissing(reference, messageOf(error));
    }
  },
  exists: (reference) =>
    access(reference, constants.R_OK).then(
      () => true,
      () => false,
    ),
  async list(folder) {
    try {
      return (await readdir(folder)).sort();
    } catch (error) {
      throw fileMissing(folder, messageOf(error));
    }
  },
  within(folder, relativePath) {
    const target = path.resolve(folder, relativePath);
    const relative = path.relative(folder, target);
    const outside = relative === ".." || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative);
    if (outside || path.isAbsolute(relativePath)) throw outsideFolder(folder, relativePath);
    return target;
  },
  folderOf: (reference) => path.dirname(path.resolve(reference)),
};

async function openFile(reference: string): Promise<FileReader> {
  const handle = await open(reference, "r").catch((error: unknown) => {
    throw fileMissing(reference, messageOf(error));
  });
  const stat = await handle.stat();
  if (!stat.isFile()) {
    await handle.close();
    throw fileMissing(reference, "it is not a file");
  }
  const byteLength = stat.size;
  const check = (byteOffset: number, length: number) => {
    if (byteOffset < 0 || length < 0 || byteOffset + length > byteLength) {
      throw fileTooShort(reference, byteOffset + length, byteLength);
    }
  };
  return {
    byteLength,
    modifiedMs: stat.mtimeMs,
    async read(byteOffset, length) {
      check(byteOffset, length);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const { bytesRead } = await handle.read(bytes, done, length - done, byteOffset + done);
        if (bytesRead === 0) throw fileTooShort(reference, byteOffset + length, byteOffset + done);
        done += bytesRead;
      }
      return bytes;
    },
    readSync(byteOffset, length) {
      check(byteOffset, length);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const bytesRead = readSync(handle.fd, bytes, done, length - done, byteOffset + done);
        if (bytesRead === 0) throw fileTooShort(reference, byteOffset + length, byteOffset + done);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
