import type { GraphInput } from "../../onnx/instrumented";
import type { RawInput } from "../../protocol/engineContract";

/** What an input of a language model's graph takes. */
export type Role =
  | "input_ids"
  | "decoder_input_ids"
  | "attention_mask"
  | "decoder_attention_mask"
  | "token_type_ids"
  | "position_ids"
  | "decoder_position_ids"
  | "cache_position"
  | "past"
  | "encoder_states"
  | "use_cache_branch"
  | "logits_to_keep"
  | "seqlens_k"
  | "total_sequence_length";

/** Input names as the common exporters write them; a graph says nothing else of what an input means. */
const names: readonly (readonly [Role, RegExp])[] = [
  ["decoder_input_ids", /^(decoder_input_ids|tgt|target_ids|labels_ids)$/],
  ["decoder_attention_mask", /^decoder_attention_mask$/],
  ["decoder_position_ids", /^decoder_position_ids$/],
  ["input_ids", /^(input_ids|ids|src|source_ids|input|tokens|input_ids\.1)$/],
  ["attention_mask", /^(attention_mask|encoder_attention_mask|input_mask|mask)$/],
  ["token_type_ids", /^(token_type_ids|segment_ids)$/],
  ["position_ids", /^position_ids$/],
  ["cache_position", /^cache_position$/],
  ["encoder_states", /^(encoder_hidden_states|encoder_outputs?|encoder_last_hidden_state|memory)$/],
  ["use_cache_branch", /^use_cache_branch$/],
  ["logits_to_keep", /^(num_)?logits_to_keep$/],
  ["seqlens_k", /^seqlens_k$/],
  ["total_sequence_length", /^total_seq(uence)?_len(gth)?$/],
  ["past", /^past|past_key|cache_(k|v)|\.(key|value)$/],
];

const integers = new Set(["int64", "int32", ""]);

export function roleOf({ name, type }: Pick<GraphInput, "name" | "type">): Role | undefined {
  const [role] = names.find(([, pattern]) => pattern.test(name)) ?? [];
  // "input" or "tokens" of floats is raw data.
  return role === "input_ids" && !integers.has(type) ? undefined : role;
}

/** Whether an input takes token ids, as opposed to raw data. */
export function takesIds(inputs: readonly GraphInput[]): boolean {
  return inputs.some((input) => roleOf(input) === "input_ids");
}

/** Whether the decoder's ids are an input. */
export function takesTargetIds(inputs: readonly GraphInput[]): boolean {
  return inputs.some((input) => roleOf(input) === "decoder_input_ids");
}

/** The fixed length that the graph wants of its source ids, if any: shorter texts are padded to it. */
export function fixedLength(inputs: readonly GraphInput[]): number | undefined {
  const ids = inputs.find((input) => roleOf(input) === "input_ids");
  return ids && fixedEnd(ids);
}

export function fixedEnd({ dims }: Pick<GraphInput, "dims">): number | undefined {
  const last = dims.at(-1);
  return typeof last === "number" && last > 0 ? last : undefined;
}

/** What was given by hand for the ids of the source or of the target, whatever the graph calls them. */
export function rawIds(
  inputs: readonly GraphInput[],
  raw: Readonly<Record<string, RawInput>> | undefined,
  of: "input_ids" | "decoder_input_ids",
): RawInput | undefined {
  const input = inputs.find((one) => roleOf(one) === of);
  return (input && raw?.[input.name]) ?? raw?.[of];
}

/**
 * How many places a cache has that the graph wants in a fixed size: the axis before the last of [b, h, p, d], or the
 * second of a longer list; 0 where caches grow.
 */
export function cacheLength(inputs: readonly GraphInput[]): number {
  const lengths = inputs.flatMap((input) => {
    const dim = roleOf(input) === "past" && input.dims.length >= 4 ? input.dims.at(-2) : undefined;
    return typeof dim === "number" && dim > 0 ? [dim] : [];
  });
  return Math.max(0, ...lengths);
}
