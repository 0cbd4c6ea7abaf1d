/** worker -> extension host: a worker cannot read what only the editor's file system reaches. References are URIs. */
export interface FilesContract {
  readAll(request: { reference: string }): Promise<Uint8Array>;
  /** Bytes of a file; undefined where there is none. */
  size(request: { reference: string }): Promise<number | undefined>;
  /** Names in a folder; empty where the file system cannot list. */
  list(request: { folder: string }): Promise<string[]>;
}
