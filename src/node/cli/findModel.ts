import { stat } from "node:fs/promises";
import path from "node:path";
import { fileMissing, unknownModel } from "../../core/errors";
import { embeddedModels } from "../../model/embedded";
import type { ModelEntry } from "../../model/entry";
import { fileModel, folderModel, tokenizerFolder } from "../../model/folder";
import { nodeFiles } from "../files";

/** The model that --model names: an embedded one by id, a folder, or an .onnx file. */
export async function findModel(name: string, modelsFolder: string): Promise<ModelEntry> {
  const embedded = await embeddedModels(nodeFiles, modelsFolder);
  const known = embedded.find(({ source }) => source.id === name);
  if (known) return known;
  const place = await stat(name).catch(() => undefined);
  if (place?.isDirectory()) return folderModel(nodeFiles, path.resolve(name));
  if (place?.isFile()) return fileModel(nodeFiles, path.resolve(name));
  if (/[/\\]|\.onnx$/.test(name)) throw fileMissing(name, "there is no such file or folder");
  throw unknownModel(
    name,
    embedded.map(({ source }) => source.id),
  );
}

/** As `findModel`, but a folder may hold a tokenizer alone. */
export async function findTokenizer(name: string, modelsFolder: string): Promise<ModelEntry> {
  const place = await stat(name).catch(() => undefined);
  const folder = place?.isDirectory() ? path.resolve(name) : undefined;
  return (folder && (await tokenizerFolder(nodeFiles, folder))) || findModel(name, modelsFolder);
}
