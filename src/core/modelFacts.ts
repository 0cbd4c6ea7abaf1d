import type { BlockKind } from "./run";

/** What a list says of a model whose graph was scanned but not opened. */
export interface ModelFacts {
  /** Sizes and times of its graph files: other files give another stamp. */
  readonly stamp: string;
  /** Of the graphs and of the files that hold their weights. */
  readonly sizeBytes: number;
  /** What most weights are stored in: "float32", "float16", "int8", … */
  readonly precision: string;
  readonly blocks: readonly {
    readonly kind: BlockKind;
    readonly nLayers: number;
    readonly nHeads?: number;
  }[];
  /** Whether its attention can be shown, as far as a scan tells: the runtime may still refuse the graph. */
  readonly shown: "all" | "part" | "none";
  /** Why not all of it. */
  readonly reason?: string;
}
