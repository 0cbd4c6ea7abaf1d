import type { Backend } from "../../core/run";
import type { Files } from "../../model/files";
import type { RuntimeFiles } from "../runtime";
import type { GpuAdapter } from "./backends";
import type { Bounded } from "./bounded";

/** What the worker side needs of where it runs. */
export interface Platform {
  readonly files: Files;
  readonly runtime: RuntimeFiles;
  /** The adapter to run on, or undefined where there is none; absent where the runtime's build has no WebGPU. */
  readonly gpu?: () => Promise<GpuAdapter | undefined>;
  /** Told once that the graphics device is gone: nothing that this worker is asked from then on can be trusted. */
  readonly gpuLost?: (reason: string) => void;
  /** What models are opened on; WASM when absent. */
  readonly backend?: Backend;
  /** Logical processors; 1 where threads cannot be used. */
  readonly nCores: number;
  /** Memory of the machine (or of the container) in bytes, where that is known. */
  readonly memoryBytes?: number;
  /** Where a thread can stop its own computation. Elsewhere the host ends the worker (engine/patience.ts). */
  readonly bounded?: Bounded;
}
