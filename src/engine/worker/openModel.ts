import { HeadlightError, modelRefused, outOfMemory } from "../../core/errors";
import type { ModelSource } from "../../core/modelSource";
import type { Backend, ModelSummary, Notice } from "../../core/run";
import { parseCard, type Card } from "../../model/card";
import { parseConfig, type ModelConfig } from "../../model/config";
import type { FileReader } from "../../model/files";
import { readJson } from "../../model/json";
import { instrument } from "../../onnx/instrument";
import { ADDITIVE_PARTS, PROJECTION_PARTS } from "../../onnx/instrumented";
import type { Capture, GraphReport, InstrumentedModel } from "../../onnx/instrumented";
import type { Tokenizer } from "../../tokenizer/tokenizer";
import { openSession, type RuntimeSession } from "../runtime";
import { openExternalData } from "./externalData";
import { checkModelSize, contextOf } from "./limits";
import type { Platform } from "./platform";
import { openTokenizerOf } from "./text";
import { fetchesWeights } from "./trustExternal";

/** What a session hands over: the weights of each layer, everything of its heads, what follows them, what explains the weights, or what each layer would predict. */
export type Depth = "weights" | "all" | "projection" | "formulas" | "lens" | SelectiveDepth;

/** Single heads, or weights as bytes, on request: of the weights alone, or of everything (see onnx/selective.ts). */
export type SelectiveDepth = "selected" | "selected-all";

const captures: Readonly<Record<Depth, readonly Capture[]>> = {
  weights: ["weights"],
  all: ["weights", "scores", "q", "k", "v", "output", ...ADDITIVE_PARTS],
  projection: ["output", ...PROJECTION_PARTS],
  lens: [],
  formulas: ["weights", "q", "k", "v", "output", ...ADDITIVE_PARTS],
  selected: ["weights"],
  "selected-all": ["weights", "scores", "q", "k", "v", "output"],
};

/** A graph that hands over its attention, open in the runtime. */
export interface OpenGraph {
  readonly graph: Omit<InstrumentedModel, "bytes" | "externalData">;
  readonly session: RuntimeSession;
  /** Bytes of the file and of its external data. */
  readonly weightBytes: number;
}

/** How many of the most likely tokens the logit lens gives for each layer and position. */
export const LENS_COUNT = 10;

/** A model's one graph, or its encoder's and its decoder's. */
export interface OpenParts {
  readonly first: OpenGraph;
  readonly decoder?: OpenGraph;
}

/** A model with everything but its sessions read; sessions are opened by depth when first needed. */
export interface OpenModel {
  readonly source: ModelSource;
  readonly summary: ModelSummary;
  readonly config: ModelConfig;
  readonly card?: Card;
  readonly tokenizer?: Tokenizer;
  readonly report: GraphReport;
  readonly notices: readonly Notice[];
  /** Of its graphs and their external data. */
  readonly weightBytes: number;
  readonly backend: Backend;
  parts(depth: Depth): Promise<OpenParts>;
  /** Bytes of the weights of all open sessions. */
  openBytes(): Promise<number>;
  /** Whether `parts` has a session at hand. */
  isOpen(depth: Depth): boolean;
  close(): Promise<void>;
}

/** Above this size only one session of a model is kept: two would hold the weights twice. */
export const LARGE_MODEL_BYTES = 200e6;

/**
 * From this size on weights go from the file into the runtime part by part, never through this thread's memory
 * (measured: 381 MB open in 700 MB instead of 1,526); below it one copy is cheaper than many reads.
 */
const EXTERNALISED_BYTES = 32e6;

export async function openModel(source: ModelSource, depth: Depth, platform: Platform): Promise<OpenModel> {
  const { files } = platform;
  const [shape, generation] = await Promise.all(
    [source.config, source.generationConfig].map((file) => (file ? readJson(files, file) : undefined)),
  );
  const config = parseConfig(shape, generation);
  const card = source.card ? parseCard(await readJson(files, source.card), source.card) : undefined;
  const tokenizer = await openTokenizerOf(source, files, platform.bounded);
  const open = new Map<Depth, Promise<OpenParts>>();

  async function parts(depth: Depth): Promise<OpenParts> {
    const known = open.get(depth) ?? (depth === "weights" ? open.get("all") : undefined);
    if (known) return known;
    for (const [other, opened] of open) {
      if (bytesOf(await opened) < LARGE_MODEL_BYTES) continue;
      open.delete(other);
      await closeParts(opened);
    }
    const opening = openParts(source, depth, config.vocab ?? card?.vocab, platform);
    open.set(depth, opening);
    opening.catch(() => open.delete(depth));
    return opening;
  }

  const { first, decoder } = await parts(depth);
  const report = mergedReport(first.graph.report, decoder?.graph.report);
  return {
    source,
    summary: summaryOf(source, config, card, tokenizer, report),
    config,
    card,
    tokenizer,
    report,
    notices: [...(tokenizer?.notices ?? []), ...noticesOf(report, config)],
    weightBytes: first.weightBytes + (decoder?.weightBytes ?? 0),
    backend: platform.backend ?? { name: "wasm" },
    parts,
    isOpen: (depth) => open.has(depth) || (depth === "weights" && open.has("all")),
    async openBytes() {
      const all = await Promise.all(open.values());
      return all.reduce((sum, opened) => sum + bytesOf(opened), 0);
    },
    async close() {
      await Promise.all([...open.values()].map(closeParts));
      open.clear();
    },
  };
}

async function openParts(
  source: ModelSource,
  depth: Depth,
  vocab: number | undefined,
  platform: Platform,
): Promise<OpenParts> {
  const first = await openGraph(source.graph, source.name, depth, vocab, platform);
  if (!source.decoder) return { first };
  return { first, decoder: await openGraph(source.decoder, source.name, depth, vocab, platform) };
}

async function openGraph(
  reference: string,
  modelName: string,
  depth: Depth,
  vocab: number | undefined,
  { files, backend }: Platform,
): Promise<OpenGraph> {
  const on = backend?.name === "webgpu" ? "webgpu" : "wasm";
  const reader = await files.open(reference);
  try {
    checkModelSize(modelName, reader.byteLength);
    const isLarge = reader.byteLength >= EXTERNALISED_BYTES;
    const { bytes, externalData, ...graph } = await instrument(isLarge ? reader : await inMemory(reader), {
      capture: captures[depth],
      selective: depth === "selected" || depth === "selected-all",
      backend: on,
      ...(depth === "lens" && { lens: { count: LENS_COUNT, vocab } }),
      formulas: depth === "formulas",
      externalise: isLarge && reader.readSync !== undefined && (await fetchesWeights()),
    });
    const external = await openExternalData(files, reference, externalData);
    try {
      const weightBytes = Math.max(reader.byteLength, bytes.byteLength + external.byteLength);
      checkModelSize(modelName, weightBytes);
      const session = await openSession(bytes, external.files, on).catch((error: unknown) => {
        throw fromRuntime(error, modelName, modelRefused);
      });
      return { graph, session, weightBytes };
    } finally {
      await external.close();
    }
  } finally {
    await reader.close();
  }
}

/** A small file read at once: a third less time than by windows. */
async function inMemory(reader: FileReader): Promise<Pick<FileReader, "byteLength" | "read">> {
  const bytes = await reader.read(0, reader.byteLength);
  return {
    byteLength: bytes.byteLength,
    read: async (byteOffset, length) => {
      if (byteOffset + length > bytes.byteLength) return reader.read(byteOffset, length);
      return bytes.subarray(byteOffset, byteOffset + length);
    },
  };
}

export function bytesOf({ first, decoder }: OpenParts): number {
  return first.weightBytes + (decoder?.weightBytes ?? 0);
}

async function closeParts(parts: Promise<OpenParts>): Promise<void> {
  const { first, decoder } = await parts;
  await first.session.release();
  await decoder?.session.release();
}

/** The runtime throws Errors, and bare numbers where its C++ ran out of memory. */
export function fromRuntime(
  error: unknown,
  modelName: string,
  otherwise: (model: string, reason: string) => HeadlightError,
): HeadlightError {
  if (error instanceof HeadlightError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const isMemory =
    typeof error === "number" ||
    /bad_alloc|out of memory|Cannot enlarge memory|allocation failed/i.test(message);
  return isMemory ? outOfMemory(modelName) : otherwise(modelName, message);
}

/** Encoder and decoder of two files as one report. */
function mergedReport(first: GraphReport, decoder?: GraphReport): GraphReport {
  if (!decoder) return first;
  const encoder = first.blocks.map(({ layers }) => ({ kind: "encoder" as const, layers }));
  return {
    ...first,
    nNodes: first.nNodes + decoder.nNodes,
    blocks: [...encoder, ...decoder.blocks],
    notFound: [...first.notFound, ...decoder.notFound],
  };
}

function summaryOf(
  source: ModelSource,
  config: ModelConfig,
  card: Card | undefined,
  tokenizer: Tokenizer | undefined,
  report: GraphReport,
): ModelSummary {
  const layersOf = (wanted: string) => report.blocks.find(({ kind }) => kind === wanted)?.layers ?? [];
  const shown = [layersOf("decoder"), layersOf("encoder"), layersOf("cross")].find(
    ({ length }) => length > 0,
  );
  const kinds = report.blocks.map(({ kind }) => kind);
  return {
    id: source.id,
    name: source.name,
    source: source.source,
    kind: kinds.includes("cross")
      ? "encoder-decoder"
      : kinds.includes("decoder")
        ? "causal"
        : kinds.includes("encoder")
          ? "encoder"
          : config.kind,
    nLayers: shown?.length ?? 0,
    nHeads: shown?.[0]?.nHeads ?? config.nHeads ?? card?.nHeads ?? 0,
    context: contextOf(config, card, report.positions),
    vocab: config.vocab ?? card?.vocab,
    hasTokenizer: tokenizer !== undefined,
  };
}

function noticesOf(report: GraphReport, config: ModelConfig): Notice[] {
  const notices: Notice[] = report.notFound.map(({ where, reason }) => ({
    code: "attention-not-taken",
    message: `${where} looks like attention but cannot be shown: ${reason}`,
  }));
  const nFound = Math.max(0, ...report.blocks.map(({ layers }) => layers.length));
  if (config.nLayers !== undefined && nFound > 0 && nFound < config.nLayers) {
    notices.push({
      code: "layers-missing",
      message: `The model has ${config.nLayers} layers by its config.json; the attention of ${nFound} was found.`,
    });
  }
  return notices;
}
