import { open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { cannotWrite } from "../../core/errors";

/** Takes the parts of one file in order. */
export type Write = (part: string | Uint8Array) => Promise<void>;

/** One file to be written: where, and by whom. */
export interface OutputFile {
  readonly path: string;
  readonly write: (write: Write) => Promise<void>;
}

/** Writes all files beside their places first and moves them there at the end: on failure none of them exists. */
export async function writeAll(files: readonly OutputFile[]): Promise<void> {
  const written: string[] = [];
  try {
    for (const file of files) {
      const temporary = path.join(
        path.dirname(file.path),
        `.${path.basename(file.path)}.${process.pid}-${written.length}.part`,
      );
      written.push(temporary);
      await writeOne(temporary, file);
    }
    for (const [i, file] of files.entries()) {
      await rename(written[i]!, file.path).catch((error: unknown) => {
        throw cannotWrite(file.path, messageOf(error));
      });
    }
  } catch (error) {
    await Promise.all(written.map((temporary) => rm(temporary, { force: true })));
    throw error;
  }
}

async function writeOne(temporary: string, file: OutputFile): Promise<void> {
  const fail = (error: unknown): never => {
    throw cannotWrite(file.path, messageOf(error));
  };
  const handle = await open(temporary, "wx").catch(fail);
  try {
    await file.write(async (part) => {
      await handle.appendFile(part).catch(fail);
    });
  } finally {
    await handle.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
