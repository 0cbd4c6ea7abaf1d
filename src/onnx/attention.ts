import type { Op, Value } from "./dataflow";
import type { Product } from "./product";

/** A tensor to hand over, and what its axes are (see CapturedOutput.axes). */
export interface Place {
  readonly value: Value;
  readonly axes: readonly string[];
}

/** One attention that was found in a graph, whatever operators compute it. */
export interface FoundAttention {
  readonly pattern: string;
  /** The node that makes the weights. */
  readonly op: Op;
  readonly weights: Place;
  readonly scores?: Place;
  readonly q?: Place;
  readonly k?: Place;
  readonly v?: Place;
  readonly output?: Place;
  readonly scoreProduct?: Product;
  readonly valueProduct?: Product;
  /** What is multiplied onto q·k between the product and the softmax. */
  readonly productScale?: number;
  readonly softcap?: number;
  /** What is added to or selected against the scores: masks and biases. */
  readonly biases: readonly Value[];
  readonly hasSink?: boolean;
  readonly hasNanGuard?: boolean;
}

export interface NotFound {
  readonly op: Op;
  readonly reason: string;
}
