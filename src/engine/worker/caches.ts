import type { GraphInput, GraphOutput } from "../../onnx/instrumented";
import { fixedLength, roleOf } from "./inputRoles";

/** One of a graph's keys or values of tokens read before: the input that takes them, the output that hands them over. */
export interface Cache {
  readonly input: string;
  readonly output: string;
  /** By the tokens that are read; those of an encoder's states stay as they are. */
  readonly grows: boolean;
}

/**
 * The caches of a decoder that reads one token after the other: [batch, heads, tokens, dHead], or keys and values
 * stacked in front, their number of tokens free. Nothing where one has no output, or the ids a fixed length.
 */
export function growingCaches({
  inputs,
  outputs,
}: {
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly Pick<GraphOutput, "name">[];
}): readonly Cache[] | undefined {
  const names = new Set(outputs.map(({ name }) => name));
  const caches = inputs.flatMap((input): (Cache | undefined)[] => {
    if (roleOf(input) !== "past") return [];
    const output = input.name.replace(/^past(_key_values)?/, "present");
    const length = input.dims.at(-2);
    const isFree = input.dims.length >= 4 && !(typeof length === "number" && length > 0);
    if (!isFree || output === input.name || !names.has(output)) return [undefined];
    return [{ input: input.name, output, grows: !/encoder/.test(input.name) }];
  });
  const found = caches.filter((cache) => cache !== undefined);
  const hasAll = found.length > 0 && found.length === caches.length;
  return hasAll && fixedLength(inputs) === undefined ? found : undefined;
}
