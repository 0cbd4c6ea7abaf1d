import { isCancelled, noPredictions } from "../../core/errors";
import type { Tensor } from "../../core/tensor";
import type { InspectRequest } from "../../protocol/engineContract";
import { growingCaches } from "./caches";
import type { FeedRequest, Past } from "./feeds";
import type { OpenGraph, OpenModel, OpenParts } from "./openModel";
import { decoderFeeds, encode, feedsOf, runGraph } from "./passes";
import type { Sequences } from "./sequences";

/** The logits after a sequence: [vocabulary]. */
export type NextLogits = (sequences: Sequences) => Promise<Float32Array>;

/** Fewer tokens than this are written without a cache: that it can be trusted costs one pass over everything. */
const FEWEST_CACHED = 4;
/** How far logits by way of a cache may be off, of the range of the logits; roundings measured are below 1e-6. */
const TOLERANCE = 1e-4;

/**
 * What gives the logits after a sequence that grows; the source of an encoder of its own is read once. Where the graph
 * hands over its keys and values, a token is read with those of the tokens before it: the first that comes so is
 * compared with a pass over everything, and where the two differ (weights quantised as they run), or the graph refuses,
 * each token takes a pass over everything.
 */
export async function decodingSteps(
  model: OpenModel,
  parts: OpenParts,
  request: InspectRequest,
  given: Sequences,
  nAsked: number,
): Promise<NextLogits> {
  const { first, decoder } = parts;
  const graph = decoder ?? first;
  const feeds = (sequences: Sequences) => feedsOf(model, parts, request, sequences);
  const encoded = decoder && (await encode(model, first, feeds(given)));
  const requestOf = (sequences: Sequences): FeedRequest =>
    encoded ? decoderFeeds(graph, feeds(sequences), encoded) : feeds(sequences);
  const whole: NextLogits = async (sequences) => {
    const { logits } = await runGraph(model, graph, requestOf(sequences));
    return lastRow(model, logits, lengthOf(sequences));
  };
  const caches = nAsked >= FEWEST_CACHED && !isPinned(request) ? growingCaches(graph.graph) : undefined;
  return caches ? withCaches(model, graph, caches, requestOf, whole) : whole;
}

function withCaches(
  model: OpenModel,
  graph: OpenGraph,
  caches: NonNullable<ReturnType<typeof growingCaches>>,
  requestOf: (sequences: Sequences) => FeedRequest,
  whole: NextLogits,
): NextLogits {
  let past: Past | undefined;
  let state: "untried" | "trusted" | "refused" = "untried";
  const read = async (sequences: Sequences): Promise<Float32Array> => {
    const { ids = [], ...rest } = requestOf(sequences);
    const fresh = ids.slice(past?.nTokens ?? 0);
    const asked = { ...rest, ids: fresh, ...(past && { past }) };
    const outputs = caches.map(({ output }) => output);
    const { logits, others } = await runGraph(model, graph, asked, { others: outputs });
    const tensors = new Map(past?.tensors);
    caches.forEach(({ input, grows }, at) => {
      // What an encoder's states were made into stays as the first pass had it.
      if (grows || !tensors.has(input)) tensors.set(input, others[at]!);
    });
    past = { nTokens: ids.length, tensors };
    return lastRow(model, logits, fresh.length);
  };
  return async (sequences) => {
    if (state === "refused") return whole(sequences);
    if (state === "trusted" || !past) return read(sequences);
    const [cached, exact] = [await read(sequences).catch(nothingUnlessCancelled), await whole(sequences)];
    state = cached && agree(cached, exact) ? "trusted" : "refused";
    return exact;
  };
}

function nothingUnlessCancelled(error: unknown): undefined {
  if (isCancelled(error)) throw error;
}

function agree(one: Float32Array, other: Float32Array): boolean {
  let [least, most, worst] = [Infinity, -Infinity, 0];
  for (const [at, value] of other.entries()) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    const difference = Math.abs(value - one[at]!);
    // Also where either is no number.
    if (!(difference <= worst)) worst = difference;
  }
  return one.length === other.length && worst <= TOLERANCE * (most - least);
}

/** Inputs by hand that say how long the sequence is would have to grow with it. */
function isPinned({ inputs = {} }: InspectRequest): boolean {
  return Object.keys(inputs).some((name) => /position|past|cache|^(decoder_)?attention_mask$/.test(name));
}

function lengthOf({ source, target }: Sequences): number {
  return (target ?? source ?? []).length;
}

/** The logits of the last of so many tokens; some graphs give only those, others give padding too. */
function lastRow(model: OpenModel, logits: Tensor | undefined, nTokens: number): Float32Array {
  if (!logits) throw noPredictions(model.summary.name);
  const [nPositions = 0, vocab = 0] = logits.dims;
  const row = Math.min(nTokens, nPositions) - 1;
  return logits.data.subarray(row * vocab, (row + 1) * vocab);
}
