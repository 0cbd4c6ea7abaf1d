import { batchGiven, inputNotGiven, inputUnfit, wrongLength, type HeadlightError } from "../../core/errors";
import { toFloat16 } from "../../core/float16";
import { elementCount } from "../../core/tensor";
import type { GraphInput } from "../../onnx/instrumented";
import type { RawInput } from "../../protocol/engineContract";
import type { RuntimeTensor } from "../runtime";
import { cacheLength, fixedEnd, rawIds, roleOf } from "./inputRoles";

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
  /** What was read before `ids`, which are then what comes behind it. */
  readonly past?: Past;
}

/** Keys and values of tokens that a graph has read, by the inputs that take them. */
export interface Past {
  readonly nTokens: number;
  readonly tensors: ReadonlyMap<string, RuntimeTensor>;
}

export type Feeds = Record<string, RuntimeTensor>;

/** One tensor for every input that the graph declares; throws a HeadlightError for one that cannot be made. */
export function makeFeeds(inputs: readonly GraphInput[], request: FeedRequest): Feeds {
  const feeds: Feeds = {};
  const lengths = lengthsOf(inputs, request);
  for (const input of inputs) {
    checkSize(input);
    const given = request.raw?.[input.name];
    feeds[input.name] = given ? fromRaw(input, given) : madeFor(input, request, lengths);
  }
  return feeds;
}

/** A damaged file may ask for more numbers than there is memory. */
const MOST_NUMBERS = 2 ** 28;

function checkSize(input: GraphInput): void {
  const fixed = input.dims.filter((dim) => typeof dim === "number" && dim > 0) as number[];
  if (elementCount(fixed) > MOST_NUMBERS)
    throw inputUnfit(input.name, `shape ${shapeText(input)} is too large`);
}

/** Lengths of what a run reads, as far as ids, inputs given by hand or the graph say. */
interface Lengths {
  readonly source?: number;
  readonly target?: number;
  /** Tokens read before those of `source`. */
  readonly before: number;
  /** Places in caches of a fixed size, which hold nothing yet. */
  readonly cached: number;
}

function lengthsOf(inputs: readonly GraphInput[], request: FeedRequest): Lengths {
  const source = request.ids?.length ?? rawIds(inputs, request.raw, "input_ids")?.dims.at(-1);
  const target = request.targetIds?.length ?? rawIds(inputs, request.raw, "decoder_input_ids")?.dims.at(-1);
  return { source, target, before: request.past?.nTokens ?? 0, cached: cacheLength(inputs) };
}

function madeFor(input: GraphInput, request: FeedRequest, lengths: Lengths): RuntimeTensor {
  const role = roleOf(input);
  const one = input.dims.length === 0 ? [] : [1];
  const whole = () => lengthFor(input, lengths.source, request) + lengths.before;
  switch (role) {
    case "input_ids":
      return row(input, idsFor(input, request.ids, request), request);
    case "decoder_input_ids":
      return row(input, idsFor(input, request.targetIds, request), request);
    case "attention_mask":
      return row(input, maskFor(input, whole(), lengths), request);
    case "decoder_attention_mask":
      return row(input, maskFor(input, lengthFor(input, lengths.target, request), lengths), request);
    case "token_type_ids": {
      const length = lengthFor(input, lengths.source, request);
      return row(input, new Array<number>(length).fill(0), request);
    }
    case "position_ids":
    case "cache_position":
      return row(
        input,
        counting(atLeastFixed(input, lengthFor(input, lengths.source, request)), lengths.before),
        request,
      );
    case "decoder_position_ids":
      return row(input, counting(atLeastFixed(input, lengthFor(input, lengths.target, request))), request);
    case "past":
      return request.past?.tensors.get(input.name) ?? emptyPast(input, request);
    case "use_cache_branch":
      return typed(input, one, [request.past ? 1 : 0]);
    case "logits_to_keep":
      return typed(input, one, [0]);
    case "seqlens_k":
      // The place of the last key, of each of a batch.
      return typed(input, input.dims.length === 2 ? [1, 1] : [1], [whole() - 1]);
    case "total_sequence_length":
      return typed(input, one, [whole()]);
    case "encoder_states":
    case undefined:
      throw notGiven(input, request);
  }
}

function idsFor(
  input: GraphInput,
  ids: readonly number[] | undefined,
  request: FeedRequest,
): readonly number[] {
  if (!ids) throw notGiven(input, request);
  return ids;
}

/**
 * 1 for each token. A cache of fixed size holds nothing yet: where the mask is as long as the cache, tokens are
 * written into its first places; where it is longer or free, they come behind it.
 */
function maskFor(input: GraphInput, length: number, { cached }: Lengths): readonly number[] {
  const ones = new Array<number>(length).fill(1);
  return cached === 0 || fixedEnd(input) === cached ? ones : [...new Array<number>(cached).fill(0), ...ones];
}

function lengthFor(input: GraphInput, length: number | undefined, request: FeedRequest): number {
  const known = length ?? fixedEnd(input);
  if (known === undefined) throw notGiven(input, request);
  return known;
}

function atLeastFixed(input: GraphInput, length: number): number {
  return Math.max(length, fixedEnd(input) ?? 0);
}

function notGiven(input: GraphInput, request: FeedRequest): HeadlightError {
  return inputNotGiven(request.modelName, input.name, input.type, shapeText(input));
}

/**
 * Values of one sequence as [1, length] (or [length] where the graph has one axis), padded to a fixed length. A third
 * axis of fixed size in front holds the same for each of its entries: positions in time, height and width.
 */
function row(input: GraphInput, values: readonly number[], request: FeedRequest): RuntimeTensor {
  const { dims } = input;
  const nCopies = dims.length === 3 && typeof dims[0] === "number" && dims[0] > 0 ? dims[0] : 1;
  if (dims.length > (nCopies > 1 ? 3 : 2)) throw notGiven(input, request);
  const batch = dims.at(-2);
  if (typeof batch === "number" && batch > 1) throw inputUnfit(input.name, shapeText(input));
  const fixed = fixedEnd(input);
  if (fixed !== undefined && values.length > fixed) throw wrongLength(input.name, values.length, fixed);
  const isIds = roleOf(input) === "input_ids" || roleOf(input) === "decoder_input_ids";
  const padding = new Array<number>(Math.max(0, (fixed ?? 0) - values.length)).fill(
    isIds ? request.padId : 0,
  );
  const padded = [...values, ...padding];
  const copies = new Array<number[]>(nCopies).fill(padded).flat();
  const front = dims.length === 3 ? [nCopies, 1] : dims.length === 1 ? [] : [1];
  return typed(input, [...front, padded.length], copies);
}

/**
 * A cache that holds nothing yet. Of its symbolic axes those named after the batch are 1 and those after a length 0;
 * an axis without a telling name is the batch where it comes first, else a length.
 */
function emptyPast(input: GraphInput, request: FeedRequest): RuntimeTensor {
  const dims = input.dims.map((dim, axis) => {
    if (typeof dim === "number" && dim >= 0) return dim;
    if (typeof dim === "string" && /batch/i.test(dim)) return 1;
    if (typeof dim === "string" && /head|dim$|size$/i.test(dim)) throw notGiven(input, request);
    return axis === 0 && !/past|seq|len|kv|cache|ctx/i.test(`${dim ?? ""}`) ? 1 : 0;
  });
  // One of fixed size: zeros, which the model's own mask must hide.
  return typed(input, dims, new Array<number>(elementCount(dims)).fill(0));
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

function counting(length: number, from = 0): number[] {
  return Array.from({ length }, (_, i) => from + i);
}
