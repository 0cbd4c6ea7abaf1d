import { emptyText, noAttention, runFailed } from "../../core/errors";
import type { BlockKind, BlockOfRun, Notice, RunSummary } from "../../core/run";
import type { Tensor } from "../../core/tensor";
import type { Capture, CapturedOutput } from "../../onnx/instrumented";
import type { EngineEvents, InspectRequest, RawInput } from "../../protocol/engineContract";
import { maskOf } from "../../store/layerMask";
import { storedRun, type StoredLayer, type StoredRun } from "../../store/storedRun";
import type { RuntimeTensor } from "../runtime";
import { asFloat32, unfold } from "./capture";
import { checkRows } from "./checks";
import { makeFeeds, takesIds, type FeedRequest } from "./feeds";
import { checkRunSize } from "./limits";
import type { Models } from "./models";
import { fromRuntime, type Depth, type OpenGraph, type OpenModel, type OpenParts } from "./openModel";
import { logitsOutput } from "./predictions";
import { checkpoint } from "./queue";
import { readSequences, type Sequences } from "./sequences";
import { tokensOfPlaces } from "./text";

export interface Stages {
  readonly models: Models;
  readonly nThreads: number;
  readonly progress: EngineEvents["progress"];
}

/** One inspection: open the model, read the text, run, unfold, check. Cancel is heard between the stages. */
export async function inspect(
  request: InspectRequest,
  runId: string,
  { models, nThreads, progress }: Stages,
  signal: AbortSignal,
): Promise<StoredRun> {
  // Before a model is opened for nothing.
  if (!request.ids && !request.inputs && request.text?.trim() === "") throw emptyText();
  const started = performance.now();
  const wanted = new Set<Capture>(["weights", ...(request.capture ?? [])]);
  const depth: Depth = wanted.size > 1 ? "all" : "weights";

  progress({ stage: "load" });
  await checkpoint(signal);
  const isWarm = models.isWarm(request.model, depth);
  const model = await models.get(request.model, depth);
  const parts = await model.parts(depth);
  const loaded = performance.now();

  progress({ stage: "tokenize" });
  await checkpoint(signal);
  const sequences = readSequences(model, parts, request, signal);
  const tokenized = performance.now();

  progress({ stage: "run" });
  await checkpoint(signal);
  const outputs = await runParts(model, parts, request, sequences, wanted);
  const ran = performance.now();

  progress({ stage: "read" });
  await checkpoint(signal);
  const { blocks, layers, notices } = readLayers(model, outputs.captured);
  if (layers.length === 0) {
    throw noAttention(
      model.summary.name,
      model.report.notFound.map(({ where, reason }) => `${where}: ${reason}`),
    );
  }
  const tokens = sequences.source ?? tokensOfPlaces(queriesOf(blocks, "source"));
  const summary: RunSummary = {
    runId,
    model: { ...model.summary, nHeads: blocks[0]?.layers[0]?.nHeads ?? model.summary.nHeads },
    text: request.ids || request.inputs?.input_ids ? "" : (request.text ?? ""),
    tokens: padded(tokens, queriesOf(blocks, "source"), model),
    ...(sequences.target && { targetTokens: sequences.target, targetText: request.targetText ?? "" }),
    blocks,
    backend: { name: "wasm", threads: nThreads },
    durations: {
      loadMs: isWarm ? 0 : loaded - started,
      tokenizeMs: tokenized - loaded,
      runMs: ran - tokenized,
      totalMs: performance.now() - started,
    },
    notices: [...model.notices, ...notices],
    hasPredictions: outputs.logits !== undefined,
  };
  return storedRun(summary, layers, outputs.logits);
}

/** Runs a stored run's request again, deeper, and adds what `wanted` names to its layers, or to the one given. */
export async function deepen(
  run: StoredRun,
  request: InspectRequest,
  wanted: ReadonlySet<Capture>,
  { models, progress }: Stages,
  signal: AbortSignal,
  { depth = "all", only }: { depth?: Depth; only?: StoredLayer } = {},
): Promise<void> {
  progress({ stage: "load" });
  await checkpoint(signal);
  const model = await models.get(request.model, depth);
  const parts = await model.parts(depth);
  progress({ stage: "run" });
  await checkpoint(signal);
  const sequences: Sequences = {
    source: takesIds(parts.first.graph.inputs) ? run.summary.tokens : undefined,
    target: run.summary.targetTokens,
  };
  const { captured } = await runParts(model, parts, request, sequences, wanted, only);
  for (const { output, tensor } of captured) {
    const layer = run.layers.find(({ block, info }) => block === output.block && info.layer === output.layer);
    layer?.tensors.set(output.what, tensor);
  }
}

interface CapturedTensor {
  readonly output: CapturedOutput;
  readonly tensor: Tensor;
}

async function runParts(
  model: OpenModel,
  { first, decoder }: OpenParts,
  request: InspectRequest,
  { source, target }: Sequences,
  wanted: ReadonlySet<Capture>,
  only?: StoredLayer,
): Promise<{ captured: CapturedTensor[]; logits?: Tensor }> {
  const nTokens = Math.max(source?.length ?? 0, target?.length ?? 0);
  const { nLayers, nHeads, name } = model.summary;
  checkRunSize(name, first.weightBytes + (decoder?.weightBytes ?? 0), nLayers, nHeads, nTokens);
  const feeds: FeedRequest = {
    modelName: name,
    ids: request.inputs?.input_ids ? undefined : source?.map(({ id }) => id),
    targetIds: request.inputs?.decoder_input_ids ? undefined : target?.map(({ id }) => id),
    raw: request.inputs,
    padId: model.config.padTokenId ?? 0,
  };
  const isWanted = (output: CapturedOutput, block = output.block) =>
    wanted.has(output.what) && (!only || (only.block === block && only.info.layer === output.layer));
  if (!decoder) return runGraph(model, first, feeds, (output) => isWanted(output));
  const hidden = first.graph.outputs.find(({ name }) =>
    /last_hidden_state|encoder_hidden_states|hidden/.test(name),
  );
  const encoded = await runGraph(model, first, feeds, (output) => isWanted(output, "encoder"), hidden?.name);
  const decoded = await runGraph(
    model,
    decoder,
    {
      ...feeds,
      ids: target?.map(({ id }) => id),
      raw: {
        ...request.inputs,
        ...(encoded.extra && { encoder_hidden_states: encoded.extra as RawInput }),
        encoder_attention_mask: onesFor(source?.length ?? encoded.extra?.dims[1] ?? 0),
      },
    },
    (output) => isWanted(output),
  );
  const relabelled = encoded.captured.map(({ output, tensor }) => ({
    output: { ...output, block: "encoder" as BlockKind },
    tensor,
  }));
  return { captured: [...relabelled, ...decoded.captured], logits: decoded.logits };
}

async function runGraph(
  model: OpenModel,
  { graph, session }: OpenGraph,
  request: FeedRequest,
  isWanted: (output: CapturedOutput) => boolean,
  extra?: string,
): Promise<{ captured: CapturedTensor[]; logits?: Tensor; extra?: RuntimeTensor }> {
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

const sides: Readonly<Record<BlockKind, Pick<BlockOfRun, "queries" | "keys">>> = {
  encoder: { queries: "source", keys: "source" },
  decoder: { queries: "target", keys: "target" },
  cross: { queries: "target", keys: "source" },
};

/** Sorts captured tensors into layers; reads each layer's shape and mask, and checks its rows. */
function readLayers(model: OpenModel, captured: readonly CapturedTensor[]) {
  const layers: StoredLayer[] = [];
  const notices: Notice[] = [];
  const blocks: BlockOfRun[] = [];
  const isSeq2Seq = model.summary.kind === "encoder-decoder";
  for (const { kind, layers: reported } of model.report.blocks) {
    const { queries, keys } = isSeq2Seq ? sides[kind] : sides.encoder;
    const ofBlock = reported.map((report): StoredLayer => {
      const own = captured.filter(({ output }) => output.block === kind && output.layer === report.layer);
      const tensors = new Map(own.map(({ output, tensor }) => [output.what, tensor]));
      const weights = tensors.get("weights");
      const [nHeads = 0, nQueries = 0, nKeys = 0] = weights?.dims ?? [];
      if (weights) notices.push(...checkRows(weights, kind, report.layer));
      return {
        block: kind,
        tensors,
        info: {
          layer: report.layer,
          nHeads,
          nKeyHeads: tensors.get("k")?.dims[0] ?? report.nKeyHeads ?? nHeads,
          nQueries,
          nKeys,
          mask: weights ? maskOf(weights, queries === keys) : { kind: "unknown" },
          has: report.has,
          projection: report.projection,
          ...(!weights && { missing: report.note ?? "its weights are not in the graph" }),
        },
      };
    });
    layers.push(...ofBlock);
    blocks.push({ kind, queries, keys, layers: ofBlock.map(({ info }) => info) });
  }
  const shown = layers.filter(({ tensors }) => tensors.size > 0);
  return { layers: shown, blocks: shown.length > 0 ? blocks : [], notices: firstOfEach(notices) };
}

/** One notice of a kind is enough for a run; the first says where. */
function firstOfEach(notices: readonly Notice[]): Notice[] {
  return [...new Map([...notices].reverse().map((notice) => [notice.code, notice])).values()].reverse();
}

function queriesOf(blocks: readonly BlockOfRun[], side: "source" | "target"): number {
  for (const { queries, keys, layers } of blocks) {
    const [layer] = layers.filter(({ nQueries }) => nQueries > 0);
    if (layer && queries === side) return layer.nQueries;
    if (layer && keys === side) return layer.nKeys;
  }
  return 0;
}

/** Tokens with the padding that a graph of fixed length was fed. */
function padded(tokens: RunSummary["tokens"], length: number, { config, tokenizer }: OpenModel) {
  const id = config.padTokenId ?? 0;
  const text = tokenizer?.decodeOne(id) ?? "[PAD]";
  const padding = { id, text, piece: text, start: -1, end: -1, special: true };
  return [...tokens, ...new Array<typeof padding>(Math.max(0, length - tokens.length)).fill(padding)];
}

function onesFor(length: number): RawInput {
  return { dims: [1, length], type: "int64", data: new BigInt64Array(length).fill(1n) };
}
