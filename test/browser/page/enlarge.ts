import type { HeadVectors, LayerOfRun, RunSummary } from "../../../src/core/run";
import type { StandaloneRun } from "../../../src/protocol/standalone";

/** How many tokens, layers and heads a captured run is repeated to. */
export interface Enlargement {
  readonly nTokens: number;
  readonly nLayers: number;
  readonly nHeads: number;
  /** Vectors too, position by position: [position mod n]. */
  readonly vectors?: readonly HeadVectors[];
}

/**
 * A causal run of real weights as a larger one, to measure and test sizes that no embedded model reads: tokens repeat,
 * and so do the weights of each head below the diagonal, [query mod n, key mod n], largest of both orders. Rows do not
 * sum to 1. All layers share one tensor.
 */
export function enlarged(content: StandaloneRun, size: Enlargement): StandaloneRun {
  const { nTokens, nHeads, vectors = [] } = size;
  const sources = content.tensors.filter(({ what }) => what === "weights");
  const heads = sources.flatMap(({ dims, data }) => {
    const [count = 0, n = 0] = dims;
    return Array.from({ length: count }, (_, head) => ({
      n,
      data: data.subarray(head * n * n, (head + 1) * n * n),
    }));
  });
  const data = new Float32Array(nHeads * nTokens * nTokens);
  for (let head = 0; head < nHeads; head++) {
    const from = heads[head % heads.length]!;
    for (let query = 0; query < nTokens; query++) {
      const start = (head * nTokens + query) * nTokens;
      for (let key = 0; key <= query; key++) {
        const [q, k] = [query % from.n, key % from.n];
        data[start + key] = from.data[Math.max(q, k) * from.n + Math.min(q, k)]!;
      }
    }
  }
  const run = enlargedSummary(content.run, size);
  const repeated = vectors.map((what) => ({ what, ...repeatedRows(content, what, nHeads, nTokens) }));
  return {
    ...content,
    run,
    tensors: run.blocks[0]!.layers.flatMap(({ layer }) =>
      [{ what: "weights" as const, dims: [nHeads, nTokens, nTokens], data }, ...repeated].map((tensor) => ({
        block: run.blocks[0]!.kind,
        layer,
        ...tensor,
      })),
    ),
    predictions: [],
  };
}

function repeatedRows(content: StandaloneRun, what: HeadVectors, nHeads: number, nTokens: number) {
  const { dims, data } = content.tensors.find((tensor) => tensor.what === what)!;
  const [count = 1, n = 1, d = 0] = dims;
  const rows = new Float32Array(nHeads * nTokens * d);
  for (let head = 0; head < nHeads; head++) {
    for (let position = 0; position < nTokens; position++) {
      const from = ((head % count) * n + (position % n)) * d;
      rows.set(data.subarray(from, from + d), (head * nTokens + position) * d);
    }
  }
  return { dims: [nHeads, nTokens, d], data: rows };
}

export function enlargedSummary(
  { tokens, blocks, ...run }: RunSummary,
  { nTokens, nLayers, nHeads, vectors = [] }: Enlargement,
): RunSummary {
  const [block] = blocks;
  const layers = Array.from({ length: nLayers }, (_, layer): LayerOfRun => ({
    ...block!.layers[0]!,
    layer,
    nHeads,
    nKeyHeads: nHeads,
    nQueries: nTokens,
    nKeys: nTokens,
    has: ["weights", ...vectors],
  }));
  return {
    ...run,
    tokens: Array.from({ length: nTokens }, (_, index) => tokens[index % tokens.length]!),
    model: { ...run.model, nLayers, nHeads },
    blocks: [{ ...block!, layers }],
    hasPredictions: false,
  };
}
