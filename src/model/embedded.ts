import type { Files } from "./files";
import { parseCard } from "./card";
import type { ModelEntry } from "./entry";
import { readJson } from "./json";

/** The default model's place in the list. */
const FIRST = "code-4x8";

/**
 * The models that ship with Headlight: each folder of `modelsFolder` with a card.json, the default one first.
 * `index.json`, which the build writes, names the folders where a platform cannot list (a browser).
 */
export async function embeddedModels(files: Files, modelsFolder: string): Promise<ModelEntry[]> {
  const ids = await folderNames(files, modelsFolder);
  const entries = await Promise.all(ids.map((id) => embeddedModel(files, files.within(modelsFolder, id))));
  return entries
    .filter((entry) => entry !== undefined)
    .sort((a, b) => rank(a) - rank(b) || a.source.id.localeCompare(b.source.id));
}

async function embeddedModel(files: Files, folder: string): Promise<ModelEntry | undefined> {
  const at = (name: string) => files.within(folder, name);
  if (!(await files.exists(at("card.json")))) return undefined;
  const card = parseCard(await readJson(files, at("card.json")), at("card.json"));
  const optional = async (name: string) => ((await files.exists(at(name))) ? at(name) : undefined);
  const tokenizer = await optional("tokenizer.json");
  const { id, name } = card;
  return {
    source: {
      id,
      name,
      source: "embedded",
      graph: at("model.onnx"),
      tokenizer,
      tokenizerConfig: await optional("tokenizer_config.json"),
      config: await optional("config.json"),
      card: at("card.json"),
    },
    summary: {
      id,
      name,
      source: "embedded",
      kind: card.kind,
      nLayers: card.nLayers,
      nHeads: card.nHeads,
      context: card.context,
      vocab: card.vocab,
      hasTokenizer: tokenizer !== undefined,
    },
    card,
    precision: card.precision?.split(",")[0],
    sizeBytes: card.sizeBytes,
  };
}

async function folderNames(files: Files, modelsFolder: string): Promise<string[]> {
  const listed = await files.list(modelsFolder).catch(() => []);
  if (listed.length > 0) return listed;
  const index = files.within(modelsFolder, "index.json");
  if (!(await files.exists(index))) return [];
  const raw = await readJson(files, index);
  return Array.isArray(raw) ? raw.filter((id) => typeof id === "string") : [];
}

function rank({ source }: ModelEntry): number {
  return source.id === FIRST ? 0 : 1;
}
