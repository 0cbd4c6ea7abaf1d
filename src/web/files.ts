import { fileMissing, fileTooShort, outsideFolder } from "../core/errors";
import type { FileReader, Files } from "../model/files";

/** Files by URL, over fetch. Folders cannot be listed. */
export const webFiles: Files = {
  open: openUrl,
  readAll: async (reference) => new Uint8Array(await (await get(reference)).arrayBuffer()),
  exists: (reference) =>
    fetch(reference, { method: "HEAD" }).then(
      ({ ok }) => ok,
      () => false,
    ),
  list: async () => [],
  within(folder, relativePath) {
    const base = folder.endsWith("/") ? folder : `${folder}/`;
    const target = new URL(relativePath.split("/").map(encodeURIComponent).join("/"), base).href;
    if (!target.startsWith(new URL(base).href)) throw outsideFolder(folder, relativePath);
    return target;
  },
  folderOf: (reference) => new URL(".", reference).href,
};

/**
 * A file behind a URL. It is fetched whole at the first read: an extension's files are small, and not every
 * server that hands them out knows ranges.
 */
async function openUrl(reference: string): Promise<FileReader> {
  const bytes = new Uint8Array(await (await get(reference)).arrayBuffer());
  const part = (byteOffset: number, length: number) => {
    if (byteOffset < 0 || length < 0 || byteOffset + length > bytes.length) {
      throw fileTooShort(reference, byteOffset + length, bytes.length);
    }
    return bytes.slice(byteOffset, byteOffset + length);
  };
  return {
    byteLength: bytes.length,
    read: async (byteOffset, length) => part(byteOffset, length),
    readSync: part,
    close: async () => {},
  };
}

async function get(reference: string): Promise<Response> {
  const response = await fetch(reference).catch((error: unknown) => {
    throw fileMissing(reference, error instanceof Error ? error.message : String(error));
  });
  if (!response.ok) throw fileMissing(reference, `the server answered ${response.status}`);
  return response;
}
