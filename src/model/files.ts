/** Read access to one file, in parts. A whole model is never read just to look at it. */
export interface FileReader {
  readonly byteLength: number;
  /** When it was last written, in milliseconds since 1970, where the platform says. */
  readonly modifiedMs?: number;
  /** Exactly `length` bytes from `byteOffset`; throws a HeadlightError when the file is shorter. */
  read(byteOffset: number, length: number): Promise<Uint8Array>;
  /** The same at once, where the platform can: the runtime takes weights this way, part by part. */
  readSync?(byteOffset: number, length: number): Uint8Array;
  close(): Promise<void>;
}

/** What differs between Node and a browser. A reference is a path in Node, a URL in a browser. */
export interface Files {
  open(reference: string): Promise<FileReader>;
  readAll(reference: string): Promise<Uint8Array>;
  exists(reference: string): Promise<boolean>;
  /** Names of the files in a folder; empty where a platform cannot list. */
  list(folder: string): Promise<string[]>;
  /** Joins a relative path to a folder; throws a HeadlightError where it would leave the folder. */
  within(folder: string, relativePath: string): string;
  folderOf(reference: string): string;
}
