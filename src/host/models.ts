import type { Files } from "../model/files";
import type { ModelEntry } from "../model/entry";
import { cachedModels } from "../model/cache";
import { embeddedModels } from "../model/embedded";
import { fileModel, folderModel } from "../model/folder";
import { noModels, unknownModel } from "./errors";

/** Which models there are, and which one an id means. Cards and configurations are read; no graph is opened. */
export class Models {
  #embedded: Promise<ModelEntry[]> | undefined;

  constructor(
    private readonly files: Files,
    private readonly modelsFolder: string,
    private readonly cacheFolder: string | undefined,
  ) {}

  /** The default one first. A failure is not remembered. */
  embedded(): Promise<ModelEntry[]> {
    const embedded = (this.#embedded ??= embeddedModels(this.files, this.modelsFolder));
    embedded.catch(() => (this.#embedded = undefined));
    return embedded;
  }

  async cached(): Promise<ModelEntry[]> {
    return this.cacheFolder === undefined ? [] : cachedModels(this.files, this.cacheFolder);
  }

  /** The model of an id: an embedded one, a folder, a file.onnx, or one of the cache; the default one where the id is empty. */
  async find(id: string): Promise<ModelEntry> {
    const embedded = await this.embedded();
    if (id === "") {
      const first = embedded[0];
      if (!first) throw noModels();
      return first;
    }
    const own = embedded.find((entry) => entry.source.id === id);
    if (own) return own;
    if (id.endsWith(".onnx")) return fileModel(this.files, id);
    const inCache = (await this.cached()).find((entry) => entry.source.id === id);
    if (inCache) return inCache;
    if (!looksLikePath(id)) throw unknownModel(id);
    return folderModel(this.files, id);
  }
}

/** A folder is given in full; a bare name is never looked for in the working folder. */
function looksLikePath(id: string): boolean {
  return /^([/\\]|[a-z]:[/\\]|[a-z][a-z0-9+.-]*:\/\/)/i.test(id);
}
