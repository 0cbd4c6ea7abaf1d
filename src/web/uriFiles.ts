import { fileMissing, fileTooShort, outsideFolder } from "../core/errors";
import type { FileReader, Files } from "../model/files";
import type { FilesContract } from "./filesContract";

/**
 * Files by URI. Whole files only: the file systems behind a browser give no ranges, so the file read last is kept
 * for the reads that follow.
 */
export function uriFiles(source: FilesContract): Files {
  const readWhole = (reference: string) =>
    source.readAll({ reference }).catch((error: unknown) => {
      throw fileMissing(reference, messageOf(error));
    });
  let last: { reference: string; bytes: Promise<Uint8Array> } | undefined;
  const readAll = (reference: string) => {
    if (last?.reference !== reference) {
      const bytes = readWhole(reference);
      last = { reference, bytes };
      bytes.catch(() => (last = undefined));
    }
    return last.bytes;
  };

  return {
    async open(reference): Promise<FileReader> {
      const byteLength = await source.size({ reference });
      if (byteLength === undefined) throw fileMissing(reference, "there is no such file");
      return {
        byteLength,
        async read(byteOffset, length) {
          const bytes = await readAll(reference);
          if (byteOffset < 0 || byteOffset + length > bytes.length) {
            throw fileTooShort(reference, byteOffset + length, bytes.length);
          }
          return bytes.slice(byteOffset, byteOffset + length);
        },
        async close() {
          if (last?.reference === reference) last = undefined;
        },
      };
    },
    readAll: readWhole,
    exists: async (reference) => (await source.size({ reference })) !== undefined,
    list: (folder) =>
      source.list({ folder }).catch((error: unknown) => {
        throw fileMissing(folder, messageOf(error));
      }),
    within: joinUri,
    folderOf: (reference) => reference.replace(/\/[^/]*$/, ""),
  };
}

/** Joins a relative path, segment by segment, and refuses one that leads out of the folder. */
export function joinUri(folder: string, relativePath: string): string {
  const segments: string[] = [];
  for (const segment of relativePath.split(/[/\\]/)) {
    if (segment === "..") {
      if (segments.pop() === undefined) throw outsideFolder(folder, relativePath);
    } else if (segment !== "" && segment !== ".") segments.push(encodeURIComponent(segment));
  }
  const isAbsolute = /^([/\\]|[a-z][a-z0-9+.-]*:)/i.test(relativePath);
  if (isAbsolute) throw outsideFolder(folder, relativePath);
  return [folder.replace(/\/$/, ""), ...segments].join("/");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
