import type { Memento } from "vscode";
import type { ModelFacts } from "../core/modelFacts";
import type { ModelSource } from "../core/modelSource";
import type { Engine } from "../engine/engine";

const KEY = "headlight.modelFacts";
const MOST = 200;
/** Facts of another version of the scan are read anew. */
const VERSION = 1;

interface Kept {
  readonly version: number;
  readonly facts: Readonly<Record<string, ModelFacts>>;
}

/** What scans said of models, kept over restarts by path; a file of another size or time is scanned again. */
export class KnownFacts {
  constructor(
    private readonly engine: Pick<Engine, "describe">,
    private readonly state: Memento,
  ) {}

  /** As last scanned; the files may have changed since. */
  remembered({ graph }: ModelSource): ModelFacts | undefined {
    return this.#kept()[graph];
  }

  async describe(model: ModelSource, signal: AbortSignal): Promise<ModelFacts | undefined> {
    const known = this.remembered(model);
    const found = await this.engine.describe({ model, stamp: known?.stamp }, { signal });
    if (!found) return known;
    const others = Object.entries(this.#kept()).filter(([graph]) => graph !== model.graph);
    const newest = [...others, [model.graph, found] as const].slice(-MOST);
    await this.state.update(KEY, { version: VERSION, facts: Object.fromEntries(newest) } satisfies Kept);
    return found;
  }

  #kept(): Readonly<Record<string, ModelFacts>> {
    const kept = this.state.get<Partial<Kept>>(KEY);
    return kept?.version === VERSION && typeof kept.facts === "object" ? kept.facts : {};
  }
}
