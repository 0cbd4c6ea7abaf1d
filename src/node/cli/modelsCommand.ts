import { cachedModels } from "../../model/cache";
import { embeddedModels } from "../../model/embedded";
import type { ModelEntry } from "../../model/entry";
import { huggingFaceCache } from "../cacheFolder";
import { nodeFiles } from "../files";
import type { Home } from "./home";
import { parseOptions } from "./options";

/** `headlight models`: the embedded models and those in the local Hugging Face cache. */
export async function modelsCommand(args: string[], { modelsFolder }: Home): Promise<void> {
  const { values } = parseOptions(args, { json: { type: "boolean" } });
  const entries = [
    ...(await embeddedModels(nodeFiles, modelsFolder)),
    ...(await cachedModels(nodeFiles, huggingFaceCache(process.env))),
  ];
  const described = entries.map(describeEntry);
  process.stdout.write(
    values.json ? `${JSON.stringify(described, null, 2)}\n` : described.map(inWords).join(""),
  );
}

function describeEntry({ source, summary, card, architecture, precision, sizeBytes }: ModelEntry) {
  return {
    id: source.id,
    name: summary.name,
    source: summary.source,
    kind: summary.kind,
    layers: summary.nLayers,
    heads: summary.nHeads,
    dModel: card?.dModel,
    vocab: summary.vocab,
    context: summary.context,
    positions: card?.positions,
    objective: card?.objective,
    architecture,
    precision,
    sizeBytes,
    licence: card?.licence,
    headsOfNote: card?.headsOfNote,
    samples: card?.samples,
    hasTokenizer: summary.hasTokenizer,
    graph: source.graph,
  };
}

function inWords({ id, kind, layers, heads, context, sizeBytes }: ReturnType<typeof describeEntry>): string {
  const size = sizeBytes === undefined ? "" : `, ${(sizeBytes / 1e6).toFixed(1)} MB`;
  return `${id}: ${kind}, ${layers} layers x ${heads} heads${context ? `, ${context} tokens` : ""}${size}\n`;
}
