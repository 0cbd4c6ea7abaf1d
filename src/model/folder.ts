import { noModelThere } from "../core/errors";
import type { ModelSource } from "../core/modelSource";
import { parseConfig, type ModelConfig } from "./config";
import type { ModelEntry } from "./entry";
import type { Files } from "./files";
import { readJson } from "./json";

/**
 * A model in a folder of the Hugging Face layout: config.json, tokenizer.json or older tokenizer files, and the
 * graph in onnx/ or beside them. Of several precisions the most exact comes first.
 */
export async function folderModel(
  files: Files,
  folder: string,
  as: Partial<Pick<ModelSource, "id" | "name" | "source">> = {},
): Promise<ModelEntry> {
  const graphs = await graphsIn(files, folder);
  const chosen = chooseGraph(graphs);
  if (!chosen) throw noModelThere(folder);
  return entryFor(files, folder, files.within(folder, chosen), {
    source: "folder",
    ...as,
    decoder: decoderFor(chosen, graphs) && files.within(folder, decoderFor(chosen, graphs)!),
  });
}

/** A single .onnx file; a config.json or tokenizer beside it, or one folder up from onnx/, is used. */
export async function fileModel(files: Files, graph: string): Promise<ModelEntry> {
  const folder = files.folderOf(graph);
  const parent = files.folderOf(folder);
  const inOnnxFolder = /[/\\]onnx[/\\]?$/.test(folder);
  const home = inOnnxFolder && (await files.exists(files.within(parent, "config.json"))) ? parent : folder;
  return entryFor(files, home, graph, { source: "file", id: graph, name: lastName(graph) });
}

/** A folder with a tokenizer, seen as a model whether it has a graph or not; nothing where it has no tokenizer. */
export async function tokenizerFolder(files: Files, folder: string): Promise<ModelEntry | undefined> {
  const { summary, ...entry } = await entryFor(files, folder, "", { source: "folder" });
  return summary.hasTokenizer ? { ...entry, summary } : undefined;
}

/** Names of the .onnx files in a folder and its onnx/, as relative paths. */
export async function graphsIn(files: Files, folder: string): Promise<string[]> {
  const names = await files.list(folder);
  const own = names.filter((name) => name.endsWith(".onnx"));
  if (!names.includes("onnx")) return own;
  const inner = await files.list(files.within(folder, "onnx")).catch(() => []);
  return [...inner.filter((name) => name.endsWith(".onnx")).map((name) => `onnx/${name}`), ...own];
}

/** From exact to coarse: what a file's name says after "model". */
const precisions = ["fp32", "fp16", "bf16", "int8", "uint8", "quantized", "q8", "q4f16", "q4", "bnb4"];
/** Files that hold a whole model, then those that hold its first part. */
const bases = ["model", "decoder_model_merged", "decoder_model", "encoder_model"];

/** The most exact graph of the most complete kind; any .onnx where no name is known. */
export function chooseGraph(graphs: readonly string[]): string | undefined {
  const paired = graphs.some((graph) => baseOf(graph) === "encoder_model");
  const order = paired ? ["model", "encoder_model"] : bases;
  const ranked = graphs
    .filter((graph) => order.includes(baseOf(graph)))
    .sort((a, b) => order.indexOf(baseOf(a)) - order.indexOf(baseOf(b)) || exactness(a) - exactness(b));
  return ranked[0] ?? graphs[0];
}

/** The precision that a graph's file name states. */
export function precisionOf(graph: string): string | undefined {
  const suffix = stem(graph).slice(baseOf(graph).length + 1);
  return precisions.find((precision) => precision === suffix);
}

function decoderFor(chosen: string, graphs: readonly string[]): string | undefined {
  if (baseOf(chosen) !== "encoder_model") return undefined;
  const candidates = graphs.filter((graph) => /^decoder_model(_merged)?$/.test(baseOf(graph)));
  const order = (graph: string) =>
    (precisionOf(graph) === precisionOf(chosen) ? 0 : 100) +
    (baseOf(graph) === "decoder_model" ? 0 : 10) +
    exactness(graph);
  return candidates.sort((a, b) => order(a) - order(b))[0];
}

function exactness(graph: string): number {
  const precision = precisionOf(graph);
  return precision === undefined
    ? stem(graph) === baseOf(graph)
      ? 0
      : 99
    : 1 + precisions.indexOf(precision);
}

function baseOf(graph: string): string {
  const name = stem(graph);
  return (
    ["decoder_model_merged", "decoder_model", "encoder_model", "model"].find(
      (base) => name === base || name.startsWith(`${base}_`),
    ) ?? name
  );
}

function stem(graph: string): string {
  return lastName(graph).replace(/\.onnx$/, "");
}

function lastName(reference: string): string {
  return reference.split(/[/\\]/).filter(Boolean).at(-1) ?? reference;
}

async function entryFor(
  files: Files,
  folder: string,
  graph: string,
  as: Partial<ModelSource> & Pick<ModelSource, "source">,
): Promise<ModelEntry> {
  const optional = async (name: string) => {
    const reference = files.within(folder, name);
    return (await files.exists(reference)) ? reference : undefined;
  };
  const configFile = await optional("config.json");
  const config: ModelConfig = configFile
    ? parseConfig(await readJson(files, configFile))
    : parseConfig(undefined);
  const tokenizer = await optional("tokenizer.json");
  const vocab = (await optional("vocab.txt")) ?? (await optional("vocab.json"));
  const id = as.id ?? folder;
  const name = as.name ?? lastName(folder);
  const sizeBytes = graph === "" ? undefined : await sizeOf(files, graph);
  return {
    source: {
      id,
      name,
      source: as.source,
      graph,
      decoder: as.decoder,
      tokenizer,
      tokenizerConfig: await optional("tokenizer_config.json"),
      vocab,
      merges: await optional("merges.txt"),
      config: configFile,
      generationConfig: await optional("generation_config.json"),
    },
    summary: {
      id,
      name,
      source: as.source,
      kind: config.kind,
      nLayers: config.nLayers ?? 0,
      nHeads: config.nHeads ?? 0,
      context: config.context,
      vocab: config.vocab,
      hasTokenizer: tokenizer !== undefined || vocab !== undefined,
    },
    architecture: config.architecture,
    precision: precisionOf(graph),
    sizeBytes,
  };
}

async function sizeOf(files: Files, reference: string): Promise<number> {
  const reader = await files.open(reference);
  await reader.close();
  return reader.byteLength;
}
