import type { WorkerStarter } from "../engine/engine";
import type { Files } from "../model/files";

/** The machine that the engine runs on. */
export interface Machine {
  /** Of the machine and its processor: what was measured on another does not hold. */
  readonly name: string;
  /** Logical processors; 1 where threads cannot be used. */
  readonly nCores: number;
}

/** What differs between the Node and the web extension host. */
export interface HostPlatform {
  readonly worker: WorkerStarter;
  readonly files: Files;
  /** This extension host has no WebGPU; an inspector's page may: paths, below the extension's folder, of what an engine there is made of. */
  readonly pageEngine?: { readonly code: string; readonly wasm: string };
  readonly machine: Machine;
  /** The folder of the embedded models. */
  readonly modelsFolder: string;
  /** Where Hugging Face libraries keep what they downloaded; absent in a browser. */
  readonly cacheFolder?: string;
  /** A reference (as `files` takes it) for what a file dialog gave; undefined where it cannot be read from here. */
  referenceOf(uri: {
    readonly scheme: string;
    readonly fsPath: string;
    toString(): string;
  }): string | undefined;
}
