import { fileMissing, fileTooShort } from "../../core/errors";
import type { FileReader, Files } from "../../model/files";
import type { InstrumentedModel } from "../../onnx/instrumented";
import type { ExternalFile } from "../runtime";

/** The files a graph refers to, as the runtime reads them; `close` once the session is open. */
export interface OpenExternalData {
  readonly files: readonly ExternalFile[];
  readonly byteLength: number;
  close(): Promise<void>;
}

/** Opens what a graph refers to, inside the graph's folder only. A missing file is named. */
export async function openExternalData(
  files: Files,
  graph: string,
  externalData: InstrumentedModel["externalData"],
): Promise<OpenExternalData> {
  const folder = files.folderOf(graph);
  const readers: FileReader[] = [];
  const opened: ExternalFile[] = [];
  for (const { path, reference, byteOffset = 0, byteLength } of externalData) {
    // A part of the graph's own file bears its reference; anything else is a path beside it.
    const target = reference === graph || reference === "" ? graph : files.within(folder, reference);
    if (!(await files.exists(target)))
      throw fileMissing(target, "the model keeps weights in it, and it is missing");
    const reader = await files.open(target);
    readers.push(reader);
    const length = byteLength ?? reader.byteLength - byteOffset;
    if (byteOffset + length > reader.byteLength) {
      throw fileTooShort(target, byteOffset + length, reader.byteLength);
    }
    opened.push({
      path,
      data: reader.readSync
        ? new LazyBytes(reader, byteOffset, length)
        : await reader.read(byteOffset, length),
    });
  }
  return {
    files: opened,
    byteLength: opened.reduce((sum, { data }) => sum + data.byteLength, 0),
    close: async () => {
      await Promise.all(readers.map((reader) => reader.close()));
    },
  };
}

/**
 * Bytes of a file that are read when a part is asked for. The runtime uses `byteLength` and `subarray` of external
 * data and nothing else, so weights go from the file into its memory without a copy of the file in this one.
 */
export class LazyBytes extends Uint8Array<ArrayBuffer> {
  readonly #reader: FileReader;
  readonly #byteOffset: number;
  readonly #byteLength: number;

  constructor(reader: FileReader, byteOffset: number, byteLength: number) {
    super(new ArrayBuffer(0));
    this.#reader = reader;
    this.#byteOffset = byteOffset;
    this.#byteLength = byteLength;
  }

  override get byteLength(): number {
    return this.#byteLength;
  }

  override get length(): number {
    return this.#byteLength;
  }

  override subarray(begin = 0, end = this.#byteLength): Uint8Array<ArrayBuffer> {
    return this.#reader.readSync!(this.#byteOffset + begin, end - begin) as Uint8Array<ArrayBuffer>;
  }
}
