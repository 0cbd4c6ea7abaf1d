import { emptyText, noAttention, tooManyTokens } from "../../core/errors";
import type { BlockKind, BlockOfRun, Notice, RunSummary, RunWindow } from "../../core/run";
import type { Token } from "../../core/token";
import type { Capture } from "../../onnx/instrumented";
import type { EngineEvents, InspectRequest } from "../../protocol/engineContract";
import { maskOf } from "../../store/layerMask";
import { storedRun, type StoredLayer, type StoredRun } from "../../store/storedRun";
import { checkRows } from "./checks";
import { firstDepth, runAtOnce } from "./formedRun";
import { noticesOfForm } from "./formNotices";
import { generate } from "./generate";
import { rawIds, takesIds } from "./inputRoles";
import type { ModelsOfRun } from "./models";
import type { Depth, OpenModel } from "./openModel";
import { runParts, type CapturedTensor } from "./passes";
import type { MemoryLimits } from "./plan";
import { checkpoint } from "./queue";
import type { Outcome } from "./reducedRun";
import { readSequences, windowLength, type Sequences } from "./sequences";
import { tokensOfPlaces } from "./text";
import { runWindows } from "./windowedRun";

export interface Stages {
  readonly models: ModelsOfRun;
  readonly nThreads: number;
  readonly progress: EngineEvents["progress"];
  readonly limits: MemoryLimits;
}

/** One inspection: open the model, read the text, run, unfold, check. Cancel is heard between the stages. */
export async function inspect(
  request: InspectRequest,
  runId: string,
  { models, nThreads, progress, limits }: Stages,
  signal: AbortSignal,
): Promise<StoredRun> {
  // Before a model is opened for nothing.
  if (!request.ids && !request.inputs && request.text?.trim() === "") throw emptyText();
  const started = performance.now();
  const wanted = new Set<Capture>(["weights", ...(request.capture ?? [])]);
  const depth: Depth = wanted.size > 1 ? "all" : "weights";

  progress({ stage: "load" });
  await checkpoint(signal);
  const opened = firstDepth(request, depth);
  const isWarm = models.isWarm(request.model, depth) || models.isWarm(request.model, opened);
  const model = await models.get(request.model, opened);
  const parts = await model.parts(model.isOpen(depth) ? depth : opened);
  const loaded = performance.now();

  progress({ stage: "tokenize" });
  await checkpoint(signal);
  const given = readSequences(model, parts, request, signal);
  const tokenized = performance.now();

  const isWanted = request.generate && (request.generate.nTokens !== undefined || given.target);
  const continued =
    isWanted && (await generate(model, await model.parts(depth), request, given, progress, signal));
  const sequences = continued?.sequences ?? given;
  progress({ stage: "run" });
  await checkpoint(signal);
  const { source } = sequences;
  const length = request.inWindows ? windowLength(model, parts, request) : undefined;
  const isLong = source !== undefined && length !== undefined && source.length > length;
  if (isLong && sequences.target) throw tooManyTokens(model.summary.name, source.length, length);
  const runOne = (tokens: readonly Token[] | undefined, nWindows = 1) =>
    runAtOnce(model, request, { ...sequences, source: tokens }, wanted, {
      models,
      parts,
      limits,
      nWindows,
      pause: () => checkpoint(signal),
      runWhole: async (ofRun, keepsLogits) => {
        const whole = await model.parts(depth);
        const outputs = await runParts(model, whole, request, ofRun, wanted, undefined, keepsLogits);
        const read = readLayers(model, outputs.captured);
        const notices = [...read.notices, ...firstOnly(outputs.nBatch, model)];
        return { ...read, logits: outputs.logits, notices };
      },
    });
  const outcome: Outcome & { windows?: readonly RunWindow[] } = isLong
    ? await runWindows(source, length, model.summary.kind === "causal", runOne)
    : await runOne(source);
  const ran = performance.now();

  progress({ stage: "read" });
  await checkpoint(signal);
  const { blocks, layers, logits, kept, windows } = outcome;
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
    text:
      request.ids || rawIds(parts.first.graph.inputs, request.inputs, "input_ids")
        ? ""
        : (request.text ?? ""),
    tokens: padded(tokens, queriesOf(blocks, "source"), model),
    ...(sequences.target && { targetTokens: sequences.target, targetText: request.targetText ?? "" }),
    blocks,
    backend: model.backend.name === "wasm" ? { ...model.backend, threads: nThreads } : model.backend,
    durations: {
      loadMs: isWarm ? 0 : loaded - started,
      tokenizeMs: tokenized - loaded,
      runMs: ran - tokenized,
      totalMs: performance.now() - started,
    },
    notices: [...model.notices, ...outcome.notices, ...noticesOfForm(outcome, model)],
    ...(kept && { kept }),
    ...(windows && { windows }),
    hasPredictions: logits !== undefined,
    ...(continued && { generated: continued.generated }),
  };
  return storedRun(summary, layers, logits);
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
  const { captured } = await runParts(model, parts, request, sequences, wanted, only, false);
  for (const { output, tensor } of captured) {
    const layer = run.layers.find(({ block, info }) => block === output.block && info.layer === output.layer);
    layer?.tensors.set(output.what, tensor);
  }
}

function firstOnly(nBatch: number, { summary }: OpenModel): Notice[] {
  if (nBatch <= 1) return [];
  const message = `${summary.name} takes a batch of ${nBatch} at once; the first of it is shown.`;
  return [{ code: "first-of-batch", message }];
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
          ...(report.dHead && { dHead: report.dHead }),
          nQueries,
          nKeys,
          mask: weights ? maskOf(weights, queries === keys) : { kind: "unknown" },
          has: report.has,
          projection: report.projection,
          ...(report.additive && { additive: report.additive }),
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
