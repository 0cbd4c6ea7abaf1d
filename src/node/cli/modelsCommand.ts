import type { ModelFacts } from "../../core/modelFacts";
import { toReport } from "../../core/errors";
import { describeModel } from "../../engine/worker/describeModel";
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
  const described = [];
  for (const entry of entries) described.push({ ...describeEntry(entry), ...(await scannedFacts(entry)) });
  process.stdout.write(
    values.json ? `${JSON.stringify(described, null, 2)}\n` : described.map(inWords).join(""),
  );
}

/** What a scan of the graph says; a file that cannot be read is said, not thrown. */
async function scannedFacts({ source, ...entry }: ModelEntry): Promise<Omit<ModelFacts, "stamp">> {
  const none = { sizeBytes: entry.sizeBytes ?? 0, precision: entry.precision ?? "unknown", blocks: [] };
  try {
    const { shown, reason, blocks, precision, sizeBytes } = (await describeModel(source, nodeFiles))!;
    return { shown, reason, blocks, precision, sizeBytes };
  } catch (error) {
    return { ...none, shown: "none", reason: toReport(error).message };
  }
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

type Described = Omit<ReturnType<typeof describeEntry>, keyof ModelFacts> & Omit<ModelFacts, "stamp">;

function inWords(described: Described): string {
  const { id, kind, architecture, layers, heads, context, sizeBytes, precision, blocks, shown, reason } =
    described;
  const sizes = blocks.map((block) => `${block.kind} ${block.nLayers}x${block.nHeads ?? "?"}`).join(" + ");
  const parts = [
    [architecture, kind].filter(Boolean).join(" "),
    sizes || `${layers}x${heads}`,
    context && `${context} tokens`,
    precision,
    sizeBytes && `${(sizeBytes / 1e6).toFixed(1)} MB`,
    shown === "all"
      ? "its attention can be shown"
      : `${shown === "part" ? "shown in part" : "cannot be shown"}: ${reason ?? ""}`,
  ];
  return `${id}: ${parts.filter(Boolean).join(", ")}\n`;
}
