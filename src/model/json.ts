import { badJson } from "../core/errors";
import type { Files } from "./files";

/** A JSON file as unknown data; throws a HeadlightError that names the file. */
export async function readJson(files: Files, reference: string): Promise<unknown> {
  const bytes = await files.readAll(reference);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw badJson(reference, error instanceof Error ? error.message : String(error));
  }
}
