import { fileMissing, fileTooShort, outsideFolder } from "../core/errors";
import type { FileReader, Files } from "../model/files";
import type { Remote } from "../protocol/channel";
import { MOST_READ_BYTES, type PageFilesContract } from "../protocol/pageEngine";

/** Parts that are under way at once: the way through a remote extension host is long rather than narrow. */
const AT_ONCE = 4;

/** Files of the machine that the extension runs on, by their paths there, for an engine in a page. */
export function pathFiles(source: Remote<PageFilesContract>): Files {
  async function open(reference: string): Promise<FileReader> {
    const byteLength = await source.size({ reference });
    if (byteLength === undefined) throw fileMissing(reference, "there is no such file");
    return {
      byteLength,
      read: (byteOffset, length) => {
        if (byteOffset < 0 || length < 0 || byteOffset + length > byteLength)
          return Promise.reject(fileTooShort(reference, byteOffset + length, byteLength));
        return readInParts(source, reference, byteOffset, length);
      },
      close: () => source.close({ reference }),
    };
  }
  return {
    open,
    readAll: async (reference) => {
      const file = await open(reference);
      return file.read(0, file.byteLength).finally(() => file.close());
    },
    exists: async (reference) => (await source.size({ reference })) !== undefined,
    // Models are looked for by the extension.
    list: async () => [],
    within: joinPath,
    folderOf: (reference) => reference.replace(/[/\\][^/\\]*$/, ""),
  };
}

async function readInParts(
  source: Remote<PageFilesContract>,
  reference: string,
  byteOffset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let next = 0;
  const readOn = async () => {
    while (next < length) {
      const at = next;
      const size = Math.min(MOST_READ_BYTES, length - at);
      next += size;
      const part = await source.read({ reference, byteOffset: byteOffset + at, length: size });
      if (part.byteLength !== size) throw fileTooShort(reference, byteOffset + at + size, byteOffset + at);
      bytes.set(part, at);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, readOn));
  return bytes;
}

/** Joins a relative path with the folder's own separator, and refuses one that leads out of the folder. */
export function joinPath(folder: string, relativePath: string): string {
  const segments: string[] = [];
  for (const segment of relativePath.split(/[/\\]/)) {
    if (segment === "..") {
      if (segments.pop() === undefined) throw outsideFolder(folder, relativePath);
    } else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  if (/^([/\\]|[a-z]:)/i.test(relativePath)) throw outsideFolder(folder, relativePath);
  const separator = folder.includes("\\") && !folder.includes("/") ? "\\" : "/";
  return [folder.replace(/[/\\]$/, ""), ...segments].join(separator);
}
