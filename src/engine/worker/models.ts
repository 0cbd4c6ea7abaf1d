import type { ModelSource } from "../../core/modelSource";
import type { Tokenizer } from "../../tokenizer/tokenizer";
import { openModel, type Depth, type OpenModel } from "./openModel";
import type { BackendChoice } from "./backends";
import { openOnGpu } from "./gpuTrial";
import type { Platform } from "./platform";
import { openTokenizerOf } from "./text";

/** Models that stay open: the one in use and the one before it. */
const KEPT = 2;
/** Below this a model counts as small: several are run beside each other, and push no larger one out. */
const SMALL_BYTES = 8e6;
const KEPT_SMALL = 6;

/** What a run needs of them. */
export type ModelsOfRun = Pick<Models, "get" | "isWarm" | "otherBytes" | "closeOthers">;

/** Open models, the least recently used closed first. To be used by one task at a time. */
export class Models {
  private readonly open = new Map<string, OpenModel>();

  private lastTokenizer: { key: string; tokenizer?: Tokenizer } | undefined;

  private choice: Promise<BackendChoice> = Promise.resolve({ name: "wasm" });

  constructor(private readonly platform: Platform) {}

  /** What models are opened on from now on. */
  use(choice: Promise<BackendChoice>): void {
    this.choice = choice;
  }

  /** The tokenizer alone: a model that is not open is not opened for it. */
  async tokenizer(source: ModelSource): Promise<Tokenizer | undefined> {
    const key = JSON.stringify(source);
    const known = this.open.get(key);
    if (known) return known.tokenizer;
    if (this.lastTokenizer?.key === key) return this.lastTokenizer.tokenizer;
    const tokenizer = await openTokenizerOf(source, this.platform.files, this.platform.bounded);
    this.lastTokenizer = { key, tokenizer };
    return tokenizer;
  }

  /** Whether nothing has to be read or opened for this depth. */
  isWarm(source: ModelSource, depth: Depth): boolean {
    return this.open.get(JSON.stringify(source))?.isOpen(depth) ?? false;
  }

  /** Bytes of the weights of all open sessions but this model's. */
  async otherBytes(source: ModelSource): Promise<number> {
    const own = JSON.stringify(source);
    const others = [...this.open].filter(([key]) => key !== own);
    const bytes = await Promise.all(others.map(([, model]) => model.openBytes()));
    return bytes.reduce((sum, one) => sum + one, 0);
  }

  /** Closes every model but this one, to make room for a long text. */
  async closeOthers(source: ModelSource): Promise<void> {
    const own = JSON.stringify(source);
    for (const [key, model] of [...this.open]) {
      if (key === own) continue;
      this.open.delete(key);
      await model.close();
    }
  }

  async get(source: ModelSource, depth: Depth): Promise<OpenModel> {
    const key = JSON.stringify(source);
    const known = this.open.get(key);
    if (known) {
      this.open.delete(key);
      this.open.set(key, known);
      return known;
    }
    // Closed before the next is opened, so that three never share the memory.
    await this.closeOldest((model) => model.weightBytes >= SMALL_BYTES, KEPT - 1);
    await this.closeOldest((model) => model.weightBytes < SMALL_BYTES, KEPT_SMALL - 1);
    const model = await this.openOn(await this.choice, source, depth);
    this.open.set(key, model);
    return model;
  }

  private async closeOldest(counts: (model: OpenModel) => boolean, kept: number): Promise<void> {
    const counted = [...this.open].filter(([, model]) => counts(model));
    for (const [key, model] of counted.slice(0, Math.max(0, counted.length - kept))) {
      this.open.delete(key);
      await model.close();
    }
  }

  private openOn(choice: BackendChoice, source: ModelSource, depth: Depth): Promise<OpenModel> {
    if (choice.name === "webgpu") return openOnGpu(source, depth, this.platform, choice.adapter);
    return openModel(source, depth, { ...this.platform, backend: choice });
  }
}
