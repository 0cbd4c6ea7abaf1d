import type { AdditivePart } from "../core/run";
import type { Additions } from "./additions";
import type { Op, Value } from "./dataflow";
import type { Product } from "./product";
import type { Formula } from "./scoreSteps";

/** A tensor to hand over, and what its axes are (see CapturedOutput.axes): one that is there, or one to be computed. */
export type Place = { readonly axes: readonly string[] } & (
  | { readonly value: Value }
  /** Adds nodes to the graph of the attention's own scope and returns the name of a float32 tensor there. */
  | { readonly make: (to: Additions) => string }
);

/** One attention that was found in a graph, whatever operators compute it. */
export interface FoundAttention {
  readonly pattern: string;
  /** The node that makes the weights. */
  readonly op: Op;
  /** What queries and keys are computed from, for telling self-attention from cross-attention. */
  readonly queriesFrom: Value;
  readonly keysFrom: Value;
  readonly weights: Place;
  readonly scores?: Place;
  readonly q?: Place;
  readonly k?: Place;
  readonly v?: Place;
  readonly output?: Place;
  /** Of additive attention: the terms of its scores. */
  readonly additive?: Readonly<Partial<Record<AdditivePart, Place>>>;
  readonly nHeads?: number;
  readonly nKeyHeads?: number;
  readonly dHead?: number;
  /** What is multiplied onto q·k (as handed over) to give the scores, before masks and biases. */
  readonly productScale?: number;
  readonly softcap?: number;
  /** What is added to or selected against the scores: masks and biases. */
  readonly biases: readonly Value[];
  /** From q·k, as handed over, to the weights; a sentence where that cannot be computed again. */
  readonly formula: Formula;
  readonly scoreProduct?: Product;
  readonly valueProduct?: Product;
  readonly isCausal?: boolean;
  /** Whether keys and values of an earlier run are given to it. */
  readonly hasPast?: boolean;
  /** How many keys a query sees at most, itself included. */
  readonly window?: number;
  readonly hasSink?: boolean;
  readonly notes: readonly string[];
}

export interface NotFound {
  readonly op: Op;
  readonly reason: string;
}
