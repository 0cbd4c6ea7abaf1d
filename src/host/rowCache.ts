import type { HeadChoice } from "../core/run";
import type { VectorQuery } from "../protocol/slices";

/** Rows or columns of runs already read: 512 of 1,024 floats are 2 MB. */
const MOST_ENTRIES = 512;

/** Keeps the vectors that hovers and decorations ask for again and again; the least lately used go first. */
export class RowCache {
  readonly #entries = new Map<string, Promise<Float32Array[]>>();

  constructor(private readonly read: (query: VectorQuery) => Promise<Float32Array[]>) {}

  vectors(query: VectorQuery): Promise<Float32Array[]> {
    const key = keyOf(query);
    const kept = this.#entries.get(key);
    if (kept) {
      this.#entries.delete(key);
      this.#entries.set(key, kept);
      return kept;
    }
    const vectors = this.read(query);
    this.#entries.set(key, vectors);
    if (this.#entries.size > MOST_ENTRIES) this.#entries.delete(this.#entries.keys().next().value!);
    // A failure is not kept: the next one asks again.
    vectors.catch(() => this.#entries.get(key) === vectors && this.#entries.delete(key));
    return vectors;
  }

  clear(): void {
    this.#entries.clear();
  }
}

function keyOf({ runId, choices, measure, axis, index }: VectorQuery): string {
  return [runId, measure, axis, index, ...choices.map(choiceKey)].join("/");
}

function choiceKey({ block, layer, head }: HeadChoice): string {
  return `${block}.${layer}.${head}`;
}
