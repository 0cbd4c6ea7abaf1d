import type { ModelSource } from "../core/modelSource";
import type { ModelSummary } from "../core/run";
import type { Card } from "./card";

/** One model as a list shows it, known from its card, config.json and file names; its graph was not opened. */
export interface ModelEntry {
  readonly source: ModelSource;
  readonly summary: ModelSummary;
  readonly card?: Card;
  /** config.json's model_type ("gpt2"). */
  readonly architecture?: string;
  /** As the file's name says: "fp32", "fp16", "q4", …; absent where it says nothing. */
  readonly precision?: string;
  /** Bytes of the graph, external data aside. */
  readonly sizeBytes?: number;
}
