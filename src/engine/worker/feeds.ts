import { batchGiven, inputNotGiven, inputUnfit, wrongLength } from "../../core/errors";
import { toFloat16 } from "../../core/float16";
import { elementCount } from "../../core/tensor";
import type { GraphInput } from "../../onnx/instrumented";
import type { RawInput } from "../../protocol/engineContract";
import type { RuntimeTensor } from "../runtime";

/** What a run is about, from which the graph's inputs are made. */
export interface FeedRequest {
  readonly modelName: string;
  /** Source ids; absent for models of images or audio. */
  readonly ids?: readonly number[];
  /** Decoder ids of an encoder-decoder. */
  readonly targetIds?: readonly number[];
  /** Given by hand, by input name; they win. */
  readonly raw?: Readonly<Record<string, RawInput>>;
  readonly padId: number;
}

export type Feeds = Record<string, RuntimeTensor>;

/** One tensor for every input that the graph declares; throws a HeadlightError for one that cannot be made. */
export function makeFeeds(inputs: readonly GraphInput[], request: FeedRequest): Feeds {
  const feeds: Feeds = {};
  for (const input of inputs) {
    const given = request.raw?.[input.name];
    feeds[input.name] = given ? fromRaw(input, given) : madeFor(input, request);
  }
  return feeds;
}

/** Whether an input takes token ids, attention masks and the like, as opposed to raw data. */
export function takesIds(inputs: readonly GraphInput[]): boolean {
  return inputs.some(({ name }) => isRole(name, "input_ids"));
}

/** The fixed length that the graph wants of its source ids, if any: shorter texts are padded to it. */
export function fixedLength(inputs: readonly GraphInput[]): number | undefined {
  const ids = inputs.find(({ name }) => isRole(name, "input_ids"));
  const last = ids?.dims.at(-1);
  return typeof last === "number" && last > 0 ? last : undefined;
}

/** Whether the decoder's ids are an input. */
export function takesTargetIds(inputs: readonly GraphInput[]): boolean {
  return inputs.some(({ name }) => isRole(name, "decoder_input_ids"));
}

type Role =
  | "input_ids"
  | "decoder_input_ids"
  | "attention_mask"
  | "decoder_attention_mask"
  | "token_type_ids"
  | "position_ids"
  | "decoder_position_ids"
  | "cache_position"
  | "past"
  | "use_cache_branch"
  | "logits_to_keep"
  | "seqlens_k"
  | "total_sequence_length";

/** Input names as the common exporters write them. */
const roles: readonly (readonly [Role, RegExp])[] = [
  ["decoder_input_ids", /^(decoder_input_ids|tgt|target_ids|labels_ids)$/],
  ["decoder_attention_mask", /^decoder_attention_mask$/],
  ["decoder_position_ids", /^decoder_position_ids$/],
  ["input_ids", /^(input_ids|ids|src|source_ids|input|tokens|input_ids\.1)$/],
  ["attention_mask", /^(attention_mask|encoder_attention_mask|input_mask|mask)$/],
  ["token_type_ids", /^(token_type_ids|segment_ids)$/],
  ["position_ids", /^position_ids$/],
  ["cache_position", /^cache_position$/],
  ["use_cache_branch", /^use_cache_branch$/],
  ["logits_to_keep", /^(num_)?logits_to_keep$/],
  ["seqlens_k", /^seqlens_k$/],
  ["total_sequence_length", /^total_seq(uence)?_len(gth)?$/],
  ["past", /^past|past_key|cache_(k|v)|\.(key|value)$/],
];

const integers = new Set(["int64", "int32"]);

function roleOf(input: GraphInput): Role | undefined {
  const [role] = roles.find(([, name]) => name.test(input.name)) ?? [];
  // "input" or "tokens" of floats is raw data.
  if (role === "input_ids" && !integers.has(input.type) && input.type !== "") return undefined;
  return role;
}

function isRole(name: string, role: Role): boolean {
  return roles.find(([, pattern]) => pattern.test(name))?.[0] === role;
}

function madeFor(input: GraphInput, request: FeedRequest): RuntimeTensor {
  const role = roleOf(input);
  switch (role) {
    case "input_ids":
      return row(input, idsFor(input, request.ids, "the text"), request);
    case "decoder_input_ids":
      return row(input, idsFor(input, request.targetIds, "the target text"), request);
    case "attention_mask":
      return row(input, maskFor(input, request.ids, request.raw?.input_ids), request);
    case "decoder_attention_mask":
      return row(input, maskFor(input, request.targetIds, request.raw?.decoder_input_ids), request);
    case "token_type_ids":
      return row(input, new Array<number>(lengthFor(input, request)).fill(0), request);
    case "position_ids":
    case "decoder_position_ids":
    case "cache_position": {
      const length = role === "decoder_position_ids" ? targetLength(request) : lengthFor(input, request);
      return row(input, counting(length), request);
    }
    case "past":
      return emptyPast(input);
    case "use_cache_branch":
      return typed(input, input.dims.length === 0 ? [] : [1], [0]);
    case "logits_to_keep":
      return typed(input, input.dims.length === 0 ? [] : [1], [0]);
    case "seqlens_k":
      return typed(input, [1], [lengthFor(input, request) - 1]);
    case "total_sequence_length":
      return typed(input, input.dims.length === 0 ? [] : [1], [lengthFor(input, request)]);
    case undefined:
      throw inputNotGiven(request.modelName, input.name, input.type, shapeText(input));
  }
}

function idsFor(input: GraphInput, ids: readonly number[] | undefined, what: string): readonly number[] {
  if (!ids) throw inputNotGiven(what, input.name, input.type, shapeText(input));
  return ids;
}

/** 1 for each token; padded where the graph's length is fixed. */
function maskFor(input: GraphInput, ids: readonly number[] | undefined, raw?: RawInput): readonly number[] {
  const length = ids?.length ?? raw?.dims.at(-1);
  if (length === undefined) throw inputNotGiven("the model", input.name, input.type, shapeText(input));
  return new Array<number>(length).fill(1);
}

function lengthFor(input: GraphInput, request: FeedRequest): number {
  const length = request.ids?.length ?? request.raw?.input_ids?.dims.at(-1) ?? fixedEnd(input);
  if (length === undefined) throw inputNotGiven(request.modelName, input.name, input.type, shapeText(input));
  return Math.max(length, fixedEnd(input) ?? 0);
}

function targetLength(request: FeedRequest): number {
  return request.targetIds?.length ?? request.raw?.decoder_input_ids?.dims.at(-1) ?? 0;
}

function fixedEnd({ dims }: GraphInput): number | undefined {
  const last = dims.at(-1);
  return typeof last === "number" && last > 0 ? last : undefined;
}

/** Values of one sequence as [1, length] (or [length] where the graph has one axis), padded to a fixed length. */
function row(input: GraphInput, values: readonly number[], request: FeedRequest): RuntimeTensor {
  const rank = input.dims.length;
  if (rank > 2) throw inputNotGiven(request.modelName, input.name, input.type, shapeText(input));
  const batch = input.dims[0];
  if (rank === 2 && typeof batch === "number" && batch > 1) throw inputUnfit(input.name, shapeText(input));
  const fixed = fixedEnd(input);
  if (fixed !== undefined && values.length > fixed) throw wrongLength(input.name, values.length, fixed);
  const isIds = /ids$/.test(input.name) && isRole(input.name, "input_ids");
  const padding = new Array<number>(Math.max(0, (fixed ?? 0) - values.length)).fill(
    isIds ? request.padId : 0,
  );
  const padded = [...values, ...padding];
  return typed(input, rank === 1 ? [padded.length] : [1, padded.length], padded);
}

/**
 * A cache that holds nothing yet. Of its symbolic axes those named after the batch are 1 and those after a length 0;
 * an axis without such a name is the batch where it comes first, else 0.
 */
function emptyPast(input: GraphInput): RuntimeTensor {
  const dims = input.dims.map((dim, axis) => {
    if (typeof dim === "number" && dim >= 0) return dim;
    if (typeof dim === "string" && /batch/i.test(dim)) return 1;
    if (typeof dim === "string" && /past|seq|len|kv|cache|ctx/i.test(dim)) return 0;
    return axis === 0 ? 1 : 0;
  });
  if (elementCount(dims) > 0 && dims.length > 1) {
    // A cache of fixed length: zeros, which the model's own mask must hide.
    return typed(input, dims, new Array<number>(elementCount(dims)).fill(0));
  }
  return typed(input, dims, []);
}

/** Numbers in the element type that the graph declares. */
function typed(
  { name, type }: Pick<GraphInput, "name" | "type">,
  dims: readonly number[],
  values: readonly number[],
): RuntimeTensor {
  switch (type) {
    case "int64":
    case "":
      return { type: "int64", dims, data: BigInt64Array.from(values, BigInt) };
    case "int32":
      return { type, dims, data: Int32Array.from(values) };
    case "bool":
      return { type, dims, data: Uint8Array.from(values) };
    case "float32":
      return { type, dims, data: Float32Array.from(values) };
    case "float16":
      return { type, dims, data: toFloat16(Float32Array.from(values)) };
    default:
      throw inputUnfit(name, type);
  }
}

/** A raw input in the graph's element type; integers and floats of other widths are converted. */
function fromRaw(input: GraphInput, raw: RawInput): RuntimeTensor {
  const length = elementCount(raw.dims);
  const data = raw.data as ArrayBufferView & { readonly length: number };
  if (data.length !== length) {
    throw inputUnfit(input.name, `shape [${raw.dims.join(", ")}] with ${data.length} elements`);
  }
  const [batch] = raw.dims;
  if (raw.dims.length > 1 && typeof input.dims[0] !== "number" && batch !== undefined && batch > 1) {
    throw batchGiven(input.name, batch);
  }
  const fits =
    input.dims.length === 0 ||
    (input.dims.length === raw.dims.length &&
      input.dims.every((dim, i) => typeof dim !== "number" || dim < 0 || dim === raw.dims[i]));
  if (!fits) {
    throw inputUnfit(input.name, `shape [${raw.dims.join(", ")}] where the model wants ${shapeText(input)}`);
  }
  if (raw.type === input.type || input.type === "") return { type: raw.type, dims: raw.dims, data };
  const numbers = Array.from(data as unknown as ArrayLike<number | bigint>, Number);
  return typed(input, raw.dims, numbers);
}

function shapeText({ dims }: GraphInput): string {
  return `[${dims.map((dim) => dim ?? "?").join(", ")}]`;
}

function counting(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
