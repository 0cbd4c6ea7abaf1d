import { runFailed } from "../../core/errors";
import type { BlockKind } from "../../core/run";
import type { Tensor } from "../../core/tensor";
import type { Capture, CapturedOutput } from "../../onnx/instrumented";
import { logitsOutput } from "../../onnx/logits";
import type { InspectRequest, RawInput } from "../../protocol/engineContract";
import type { StoredLayer } from "../../store/storedRun";
import type { RuntimeTensor } from "../runtime";
import { asFloat32, unfold } from "./capture";
import { makeFeeds, type FeedRequest } from "./feeds";
import { checkRunSize } from "./limits";
import { fromRuntime, type OpenGraph, type OpenModel, type OpenParts } from "./openModel";
import type { Sequences } from "./sequences";

/** One tensor that a graph handed over, in the store's axes. */
export interface CapturedTensor {
  readonly output: CapturedOutput;
  readonly tensor: Tensor;
}

type IsWanted = (output: CapturedOutput) => boolean;
const nothing: IsWanted = () => false;

/** What one forward pass gave. */
export interface PassOutputs {
  readonly captured: CapturedTensor[];
  /** [positions, vocabulary]. */
  readonly logits?: Tensor;
}

/** One forward pass over the sequences, through the model's one graph or through its encoder and its decoder; hands over what is wanted, of one layer where it is named. */
export async function runParts(
  model: OpenModel,
  parts: OpenParts,
  request: InspectRequest,
  sequences: Sequences,
  wanted: ReadonlySet<Capture>,
  only?: StoredLayer,
): Promise<PassOutputs> {
  checkSize(model, parts, sequences);
  const feeds = feedsOf(model, request, sequences);
  const isWanted = (output: CapturedOutput, block = output.block) =>
    wanted.has(output.what) && (!only || (only.block === block && only.info.layer === output.layer));
  if (!parts.decoder) return runGraph(model, parts.first, feeds, (output) => isWanted(output));
  const encoded = await encode(model, parts.first, feeds, (output) => isWanted(output, "encoder"));
  const decoded = await decode(model, parts.decoder, feeds, encoded, (output) => isWanted(output));
  const relabelled = encoded.captured.map(({ output, tensor }) => ({
    output: { ...output, block: "encoder" as BlockKind },
    tensor,
  }));
  return { captured: [...relabelled, ...decoded.captured], logits: decoded.logits };
}

/** Says before a pass that its attention does not fit. */
export function checkSize(
  { summary }: OpenModel,
  { first, decoder }: OpenParts,
  { source, target }: Sequences,
): void {
  const nTokens = Math.max(source?.length ?? 0, target?.length ?? 0);
  const { nLayers, nHeads, name } = summary;
  checkRunSize(name, first.weightBytes + (decoder?.weightBytes ?? 0), nLayers, nHeads, nTokens);
}

/** What the graphs are fed. A sequence that the model lengthens is fed as it is now, not as it was given. */
export function feedsOf(
  model: OpenModel,
  request: InspectRequest,
  { source, target }: Sequences,
): FeedRequest {
  const grows = request.generate !== undefined;
  const { input_ids, decoder_input_ids, ...others } = request.inputs ?? {};
  return {
    modelName: model.summary.name,
    ids: input_ids && !grows ? undefined : source?.map(({ id }) => id),
    targetIds: decoder_input_ids && !grows ? undefined : target?.map(({ id }) => id),
    raw: grows ? others : request.inputs,
    padId: model.config.padTokenId ?? 0,
  };
}

/** An encoder's outputs; `extra` is its last hidden state. */
export type Encoded = Awaited<ReturnType<typeof encode>>;

export async function encode(
  model: OpenModel,
  encoder: OpenGraph,
  feeds: FeedRequest,
  isWanted: IsWanted = nothing,
) {
  const hidden = encoder.graph.outputs.find(({ name }) =>
    /last_hidden_state|encoder_hidden_states|hidden/.test(name),
  );
  return runGraph(model, encoder, feeds, isWanted, hidden?.name);
}

/** One pass of a decoder that is a graph of its own. */
export async function decode(
  model: OpenModel,
  decoder: OpenGraph,
  feeds: FeedRequest,
  { extra }: Pick<Encoded, "extra">,
  isWanted: IsWanted = nothing,
): Promise<PassOutputs> {
  return runGraph(model, decoder, decoderFeeds(feeds, { extra }), isWanted);
}

/** What a decoder that is a graph of its own is fed: the target for its ids, and what the encoder made of the source. */
export function decoderFeeds(feeds: FeedRequest, { extra }: Pick<Encoded, "extra">): FeedRequest {
  const nSource = feeds.ids?.length ?? extra?.dims[1] ?? 0;
  const raw = {
    ...feeds.raw,
    ...(extra && { encoder_hidden_states: extra as RawInput }),
    encoder_attention_mask: onesFor(nSource),
  };
  return { ...feeds, ids: feeds.targetIds, raw };
}

export async function runGraph(
  model: OpenModel,
  { graph, session }: OpenGraph,
  request: FeedRequest,
  isWanted: IsWanted = nothing,
  extra?: string,
): Promise<PassOutputs & { extra?: RuntimeTensor }> {
  const outputs = graph.captured.filter((output) => isWanted(output));
  const logits = logitsOutput(graph.outputs, model.summary.vocab);
  const names = [...new Set([...outputs.map(({ name }) => name), logits, extra])].filter(
    (name) => name !== undefined,
  );
  // A graph must be asked for something.
  const fetches = names.length > 0 ? names : graph.outputs.slice(0, 1).map(({ name }) => name);
  const results = await session.run(makeFeeds(graph.inputs, request), fetches).catch((error: unknown) => {
    throw fromRuntime(error, model.summary.name, runFailed);
  });
  const resultOf = (name: string) => results[fetches.indexOf(name)]!;
  return {
    captured: outputs.map((output) => ({ output, tensor: unfold(output, resultOf(output.name)) })),
    logits: logits === undefined ? undefined : flatLogits(resultOf(logits), logits),
    extra: extra === undefined ? undefined : resultOf(extra),
  };
}

/** [1, positions, vocabulary] without its batch; undefined for an output of another shape. */
function flatLogits(output: RuntimeTensor, name: string): Tensor | undefined {
  const dims = output.dims.length === 3 && output.dims[0] === 1 ? output.dims.slice(1) : output.dims;
  return dims.length === 2 ? { dims, data: asFloat32(output, name) } : undefined;
}

function onesFor(length: number): RawInput {
  return { dims: [1, length], type: "int64", data: new BigInt64Array(length).fill(1n) };
}
