import type { GraphOutput } from "./instrumented";

/** The output over the vocabulary, if the model has one: [batch, positions, vocabulary]. */
export function logitsOutput(outputs: readonly GraphOutput[], vocab: number | undefined): string | undefined {
  const isVocab = (dim: unknown) => vocab !== undefined && typeof dim === "number" && dim === vocab;
  const named = outputs.find(({ name, dims }) => /logits|lm_head/.test(name) && dims.length !== 2);
  const shaped = outputs.find(({ dims }) => dims.length === 3 && isVocab(dims[2]));
  return (named ?? shaped)?.name;
}
