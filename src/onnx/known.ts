import type { Dataflow } from "./dataflow";
import type { Origins } from "./origins";
import type { Shapes } from "./shapes";

/** What is known of a graph while attention is looked for. */
export interface Known {
  readonly flow: Dataflow;
  readonly origins: Origins;
  readonly shapes: Shapes;
}
