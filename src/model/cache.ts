import type { ModelEntry } from "./entry";
import type { Files } from "./files";
import { folderModel, graphsIn } from "./folder";

/**
 * The models of a local Hugging Face cache (models--org--name/{refs,snapshots}) that hold an .onnx file, at the
 * revision that refs/main names, else at whichever snapshot is there. Folders that cannot be read are left out.
 */
export async function cachedModels(files: Files, cacheFolder: string): Promise<ModelEntry[]> {
  const names = await files.list(cacheFolder).catch(() => []);
  const repositories = names.filter((name) => name.startsWith("models--"));
  const found = await Promise.all(
    repositories.map((name) => cachedModel(files, files.within(cacheFolder, name), name)),
  );
  return found.filter((entry) => entry !== undefined);
}

async function cachedModel(files: Files, repository: string, name: string): Promise<ModelEntry | undefined> {
  const snapshots = files.within(repository, "snapshots");
  const revisions = await files.list(snapshots).catch(() => []);
  const revision = await mainRevision(files, repository, revisions);
  if (revision === undefined) return undefined;
  const folder = files.within(snapshots, revision);
  try {
    if ((await graphsIn(files, folder)).length === 0) return undefined;
    // "models--org--name" stands for org/name; a name may itself hold "--".
    const [, org = "", ...rest] = name.split("--");
    const id = rest.length > 0 ? `${org}/${rest.join("--")}` : org;
    return await folderModel(files, folder, { id, name: id, source: "cache" });
  } catch {
    return undefined;
  }
}

async function mainRevision(
  files: Files,
  repository: string,
  revisions: string[],
): Promise<string | undefined> {
  const reference = files.within(repository, "refs/main");
  if (await files.exists(reference)) {
    const named = new TextDecoder().decode(await files.readAll(reference)).trim();
    if (revisions.includes(named)) return named;
  }
  return revisions.at(-1);
}
