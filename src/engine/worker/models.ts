import type { ModelSource } from "../../core/modelSource";
import type { BackendFallback } from "../../core/run";
import type { Tokenizer } from "../../tokenizer/tokenizer";
import { openModel, type Depth, type OpenModel } from "./openModel";
import type { BackendChoice } from "./backends";
import { openOnGpu } from "./gpuTrial";
import { HEAP_OVER_WEIGHTS } from "./limits";
import { WORKSPACE_BYTES } from "./plan";
import type { Platform } from "./platform";
import { openTokenizerOf } from "./text";

/** Models that stay open: the one in use and the one before it. */
const KEPT = 2;
/** Below this a model counts as small: several are run beside each other, and push no larger one out. */
const SMALL_BYTES = 8e6;
const KEPT_SMALL = 6;

/** How many times what is needed a heap may be before it is given back. */
const SWELLED = 2;

/** What a run needs of them. */
export type ModelsOfRun = Pick<Models, "get" | "isWarm" | "otherBytes" | "closeOthers" | "noteHeap">;

/** Open models, the least recently used closed first. To be used by one task at a time. */
export class Models {
  private readonly open = new Map<string, OpenModel>();

  /** What the runtime's heap grew to, as runs were planned. */
  private heapBytes = 0;

  private lastTokenizer: { key: string; tokenizer?: Tokenizer } | undefined;

  private choice: Promise<BackendChoice> = Promise.resolve({ name: "wasm" });

  /** Models that WebGPU could not do everything for. */
  private readonly refused = new Map<string, BackendFallback>();

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

  /** A run takes so much of the runtime's heap. */
  noteHeap(bytes: number): void {
    this.heapBytes = Math.max(this.heapBytes, bytes);
  }

  /** The heap's bytes where they are far more than the open models and a short text need; it never shrinks by itself. */
  async swelledBytes(): Promise<number | undefined> {
    const open = await Promise.all([...this.open.values()].map((model) => model.openBytes()));
    const needed = open.reduce((sum, one) => sum + one, 0) * HEAP_OVER_WEIGHTS + WORKSPACE_BYTES;
    return this.heapBytes > SWELLED * needed ? this.heapBytes : undefined;
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

  /** Opens the model on WASM from now on, since WebGPU refuses a part of it; false where it is not on WebGPU. */
  async leaveGpu(source: ModelSource, reason: string): Promise<boolean> {
    const key = JSON.stringify(source);
    const model = this.open.get(key);
    if (model?.backend.name !== "webgpu") return false;
    this.refused.set(key, { code: "webgpu-refused", detail: reason });
    this.open.delete(key);
    await model.close().catch(() => undefined);
    return true;
  }

  private async closeOldest(counts: (model: OpenModel) => boolean, kept: number): Promise<void> {
    const counted = [...this.open].filter(([, model]) => counts(model));
    for (const [key, model] of counted.slice(0, Math.max(0, counted.length - kept))) {
      this.open.delete(key);
      await model.close();
    }
  }

  private openOn(choice: BackendChoice, source: ModelSource, depth: Depth): Promise<OpenModel> {
    const fallback = this.refused.get(JSON.stringify(source));
    if (fallback) return openModel(source, depth, { ...this.platform, backend: { name: "wasm", fallback } });
    if (choice.name === "webgpu") return openOnGpu(source, depth, this.platform, choice.adapter);
    return openModel(source, depth, { ...this.platform, backend: choice });
  }
}
