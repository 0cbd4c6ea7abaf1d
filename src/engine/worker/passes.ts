import { runFailed } from "../../core/errors";
import type { BlockKind } from "../../core/run";
import type { Tensor } from "../../core/tensor";
import { termsOf } from "../../onnx/capturedFormula";
import type { Capture, CapturedFormula, CapturedOutput, GraphInput } from "../../onnx/instrumented";
import { logitsOutput } from "../../onnx/logits";
import type { InspectRequest } from "../../protocol/engineContract";
import type { StoredLayer } from "../../store/storedRun";
import type { RuntimeTensor } from "../runtime";
import { asFloat32, unfold } from "./capture";
import { makeFeeds, type FeedRequest, type Feeds } from "./feeds";
import { rawIds, roleOf } from "./inputRoles";
import { checkRunSize } from "./limits";
import { fromRuntime, type OpenGraph, type OpenModel, type OpenParts } from "./openModel";
import { decoderRequest, statesOutput } from "./secondGraph";
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
  readonly formulas: readonly RunFormula[];
  /** Above 1 where the graph takes no smaller batch: what is captured is the first's. */
  readonly nBatch: number;
}

/** A formula and the tensors that its terms name. */
export type RunFormula = CapturedFormula & {
  readonly resultOf: (name: string) => RuntimeTensor;
  readonly nBatch: number;
};

/** One forward pass over the sequences, through the model's one graph or through its encoder and its decoder; hands over what is wanted, of one layer where it is named. */
export async function runParts(
  model: OpenModel,
  parts: OpenParts,
  request: InspectRequest,
  sequences: Sequences,
  wanted: ReadonlySet<Capture>,
  only?: StoredLayer,
  keepsLogits = true,
): Promise<PassOutputs> {
  if (wanted.has("weights") || wanted.has("scores")) checkSize(model, parts, sequences);
  const feeds = feedsOf(model, parts, request, sequences);
  const isWanted = (output: CapturedOutput, block = output.block) =>
    wanted.has(output.what) && (!only || (only.block === block && only.info.layer === output.layer));
  if (!parts.decoder) {
    return runGraph(model, parts.first, feeds, { isWanted: (output) => isWanted(output), keepsLogits });
  }
  const encoded = await encode(model, parts.first, feeds, (output) => isWanted(output, "encoder"));
  const decoded = await decode(model, parts.decoder, feeds, encoded, (output) => isWanted(output));
  const relabelled = encoded.captured.map(({ output, tensor }) => ({
    output: { ...output, block: "encoder" as BlockKind },
    tensor,
  }));
  return {
    captured: [...relabelled, ...decoded.captured],
    logits: decoded.logits,
    nBatch: encoded.nBatch,
    formulas: [
      ...encoded.formulas.map((one) => ({ ...one, block: "encoder" as BlockKind })),
      ...decoded.formulas,
    ],
  };
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
  { first, decoder }: OpenParts,
  request: InspectRequest,
  { source, target }: Sequences,
): FeedRequest {
  const { inputs } = first.graph;
  const raw = request.generate
    ? withoutIds([...inputs, ...(decoder?.graph.inputs ?? [])], request.inputs)
    : request.inputs;
  return {
    modelName: model.summary.name,
    ids: rawIds(inputs, raw, "input_ids") ? undefined : source?.map(({ id }) => id),
    targetIds: rawIds(inputs, raw, "decoder_input_ids") ? undefined : target?.map(({ id }) => id),
    raw,
    padId: model.config.padTokenId ?? 0,
  };
}

function withoutIds(inputs: readonly GraphInput[], raw: InspectRequest["inputs"]): InspectRequest["inputs"] {
  const ids = new Set(["input_ids", "decoder_input_ids"]);
  for (const input of inputs) {
    const role = roleOf(input);
    if (role && ids.has(role)) ids.add(input.name);
  }
  return raw && Object.fromEntries(Object.entries(raw).filter(([name]) => !ids.has(name)));
}

/** An encoder's outputs with its last hidden state. */
export type Encoded = Awaited<ReturnType<typeof encode>>;

export async function encode(
  model: OpenModel,
  encoder: OpenGraph,
  feeds: FeedRequest,
  isWanted: IsWanted = nothing,
) {
  const states = statesOutput(encoder.graph.outputs);
  const passed = await runGraph(model, encoder, feeds, { isWanted, others: states ? [states] : [] });
  return { ...passed, states: passed.others[0] };
}

/** One pass of a decoder that is a graph of its own. */
async function decode(
  model: OpenModel,
  decoder: OpenGraph,
  feeds: FeedRequest,
  encoded: Pick<Encoded, "states">,
  isWanted: IsWanted,
): Promise<PassOutputs> {
  return runGraph(model, decoder, decoderFeeds(decoder, feeds, encoded), { isWanted });
}

/** What a decoder that is a graph of its own is fed: the target for its ids, and what the encoder made of the source. */
export function decoderFeeds(
  { graph }: OpenGraph,
  feeds: FeedRequest,
  { states }: Pick<Encoded, "states">,
): FeedRequest {
  const encoded = { states, nTokens: feeds.ids?.length };
  return decoderRequest(graph.inputs, feeds, encoded, feeds.targetIds);
}

/** One pass of a graph; hands over what is wanted, and `others` of its own outputs in their order. */
export async function runGraph(
  model: OpenModel,
  { graph, session }: OpenGraph,
  request: FeedRequest,
  {
    isWanted = nothing,
    others = [],
    keepsLogits = true,
  }: {
    readonly isWanted?: IsWanted;
    readonly others?: readonly string[];
    readonly keepsLogits?: boolean;
  } = {},
): Promise<PassOutputs & { readonly others: readonly RuntimeTensor[] }> {
  const outputs = graph.captured.filter((output) => isWanted(output));
  const logits = keepsLogits ? logitsOutput(graph.outputs, model.summary.vocab) : undefined;
  const terms = graph.formulas.flatMap(termsOf).map(({ name }) => name);
  const names = [...new Set([...outputs.map(({ name }) => name), ...terms, logits, ...others])].filter(
    (name) => name !== undefined,
  );
  // A graph must be asked for something.
  const fetches = names.length > 0 ? names : graph.outputs.slice(0, 1).map(({ name }) => name);
  const given = makeFeeds(graph.inputs, request);
  const nBatch = batchOf(graph.inputs, given);
  const results = await session.run(given, fetches).catch((error: unknown) => {
    throw fromRuntime(error, model.summary.name, runFailed);
  });
  const resultOf = (name: string) => results[fetches.indexOf(name)]!;
  return {
    captured: outputs.map((output) => ({ output, tensor: unfold(output, resultOf(output.name), nBatch) })),
    logits: logits === undefined ? undefined : flatLogits(resultOf(logits), logits),
    nBatch,
    others: others.map(resultOf),
    formulas: graph.formulas.map((formula) => ({ ...formula, resultOf, nBatch })),
  };
}

/** The batch that the graph's inputs were fed with: above 1 only where the graph itself fixes it. */
function batchOf(inputs: readonly GraphInput[], feeds: Feeds): number {
  const sizes = inputs.flatMap(({ name, dims }) => (dims.length > 1 ? [feeds[name]?.dims[0] ?? 1] : []));
  const [first = 1] = sizes;
  const isFixed = inputs.some(({ dims }) => dims.length > 1 && dims[0] === first);
  return isFixed && sizes.every((size) => size === first) ? first : 1;
}

/** [1, positions, vocabulary] without its batch; undefined for an output of another shape. */
export function flatLogits(output: RuntimeTensor, name: string): Tensor | undefined {
  const dims = output.dims.length === 3 && output.dims[0] === 1 ? output.dims.slice(1) : output.dims;
  return dims.length === 2 ? { dims, data: asFloat32(output, name) } : undefined;
}
