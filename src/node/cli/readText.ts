import { readFile } from "node:fs/promises";
import { fileMissing, notText } from "../../core/errors";

/** A file as UTF-8 text, with its byte order mark if it has one; anything else is refused. */
export async function readText(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileMissing(file, error instanceof Error ? error.message : String(error));
  });
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw notText(file);
  }
}
