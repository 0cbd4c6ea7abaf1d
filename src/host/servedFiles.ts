import { fileMissing } from "../core/errors";
import type { ModelSource } from "../core/modelSource";
import type { FileReader, Files } from "../model/files";
import type { Local } from "../protocol/channel";
import { MOST_READ_BYTES, type PageFilesContract } from "../protocol/pageEngine";

/** What a page's engine may read: files in the folders of models that it was asked about, and nothing else. */
export interface FileServer {
  readonly methods: Local<PageFilesContract>;
  /** Notes the model that a message to the engine names. */
  allowModelsOf(message: unknown): void;
  close(): void;
}

export function servedFiles(files: Files): FileServer {
  const folders = new Set<string>();
  const readers = new Map<string, Promise<FileReader>>();

  function check(reference: unknown): string {
    const folder = typeof reference === "string" ? files.folderOf(reference) : undefined;
    const isIn = (allowed: string) => folder === allowed || /^[/\\]/.test(folder!.slice(allowed.length));
    const isAllowed = folder !== undefined && [...folders].some((one) => folder.startsWith(one) && isIn(one));
    if (!isAllowed) throw fileMissing(String(reference), "it is in no folder of a model that is inspected");
    return reference as string;
  }

  function open(reference: string): Promise<FileReader> {
    const opened = readers.get(reference) ?? files.open(reference);
    readers.set(reference, opened);
    opened.catch(() => readers.delete(reference));
    return opened;
  }

  function close(reference: string): void {
    const opened = readers.get(reference);
    readers.delete(reference);
    opened?.then((reader) => reader.close()).catch(() => undefined);
  }

  return {
    methods: {
      size: async ({ reference }) => {
        if (!(await files.exists(check(reference)))) return undefined;
        const reader = await files.open(reference);
        await reader.close();
        return reader.byteLength;
      },
      read: async ({ reference, byteOffset, length }) => {
        const reader = await open(check(reference));
        return reader.read(byteOffset, Math.min(length, MOST_READ_BYTES));
      },
      close: ({ reference }) => close(reference),
    },
    allowModelsOf(message) {
      const { argument } = message as { argument?: { model?: Partial<ModelSource> } };
      for (const [key, reference] of Object.entries(argument?.model ?? {})) {
        if (referring.has(key) && typeof reference === "string") folders.add(files.folderOf(reference));
      }
    },
    close: () => [...readers.keys()].forEach(close),
  };
}

/** The fields of a model's source that name files. */
const referring: ReadonlySet<string> = new Set<keyof ModelSource>([
  "graph",
  "decoder",
  "tokenizer",
  "tokenizerConfig",
  "vocab",
  "merges",
  "config",
  "card",
]);
