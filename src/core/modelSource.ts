import type { ModelSummary } from "./run";

/** Where a model's files are. Only the worker reads them; a reference is a path in Node and a URL in a browser. */
export interface ModelSource {
  readonly id: string;
  readonly name: string;
  readonly source: ModelSummary["source"];
  /** The graph. External data is looked for beside it, never outside its folder. */
  readonly graph: string;
  /** The decoder's graph, where encoder (`graph`) and decoder are two files. */
  readonly decoder?: string;
  readonly tokenizer?: string;
  readonly tokenizerConfig?: string;
  /** Older tokenizers: vocab.txt, or vocab.json with merges.txt. */
  readonly vocab?: string;
  readonly merges?: string;
  readonly config?: string;
  /** How its makers generate with it, where that is said apart from its shape. */
  readonly generationConfig?: string;
  readonly card?: string;
}
