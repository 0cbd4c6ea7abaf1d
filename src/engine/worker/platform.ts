import type { Files } from "../../model/files";
import type { RuntimeFiles } from "../runtime";

/** What the worker side needs of where it runs. */
export interface Platform {
  readonly files: Files;
  readonly runtime: RuntimeFiles;
  /** Logical processors; 1 where threads cannot be used. */
  readonly nCores: number;
  /** Memory of the machine (or of the container) in bytes, where that is known. */
  readonly memoryBytes?: number;
}
