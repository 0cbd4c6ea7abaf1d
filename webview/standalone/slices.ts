import { HeadlightError } from "../../src/core/errors";
import type { BlockKind, LayerTensor, RunSummary } from "../../src/core/run";
import type { Slices } from "../../src/protocol/slices";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { compareChoices, similarHeads } from "../../src/store/comparison";
import { distanceSlice } from "../../src/store/distances";
import { additiveSlice } from "../../src/store/additive";
import { additionsSlice, projectionSlice } from "../../src/store/projection";
import { positionNumbers } from "../../src/store/positionNumbers";
import {
  headVectorSlice,
  marginalSlice,
  maskSlice,
  matrixSlice,
  meanRowSlice,
  statistics,
  thumbnails,
  vectorSlices,
} from "../../src/store/slices";
import { storedRun, type StoredLayer, type StoredRun } from "../../src/store/storedRun";

/** Answers from the data that a page carries, by the same functions as the worker. */
export function standaloneSlices(content: StandaloneRun): Slices {
  const run = store(content);
  return {
    matrix: async (query) => matrixSlice(run, query),
    marginals: async (query) => marginalSlice(run, query),
    meanRow: async (query) => meanRowSlice(run, query),
    vectors: async (query) => vectorSlices(run, query),
    thumbnails: async (query) => thumbnails(run, query),
    statistics: async ({ block }) => statistics(run, block),
    mask: async ({ block, layer }) => maskSlice(run, block, layer),
    headVectors: async ({ address, which }) => headVectorSlice(run, address, which),
    similarHeads: async ({ address }) => similarHeads(run, address),
    compare: async ({ choice, other, size }) =>
      compareChoices({ run, choice }, { run, choice: other.choice }, size),
    distances: async ({ block }) => distanceSlice(run, block),
    projection: async ({ address, query }) => projectionSlice(run, address, query),
    additive: async ({ block, layer }) => additiveSlice(run, block, layer),
    additions: async ({ block, layer }) => additionsSlice(run, block, layer),
    positions: async () => {
      const known = content.positions ?? { scheme: "unknown", parameters: {} };
      const dHead = content.tensors.find(({ what }) => what === "q")?.dims[2];
      return positionNumbers(known, { nHeads: content.run.model.nHeads, dHead });
    },
    async predictions({ position, count }) {
      const found = content.predictions.find((entry) => entry.position === position);
      if (!found)
        throw new HeadlightError("no-predictions", "This page carries no predictions for this token.");
      return found.likely.slice(0, count);
    },
    async tokenPredictions({ start, end, count }) {
      const carried = content.generation?.predictions.filter(({ index }) => index >= start && index < end);
      if (carried?.length !== end - start)
        throw new HeadlightError("no-predictions", "This page carries no predictions for these tokens.");
      return carried.map((each) => ({ ...each, likely: each.likely.slice(0, count) }));
    },
    async logitLens({ start, end }) {
      const lens = content.generation?.lens;
      if (!lens) return { start, rows: [], missing: "this page carries none" };
      const from = start - lens.start;
      const rows = lens.rows.map(({ layer, cells }) => ({
        layer,
        cells: cells.slice(Math.max(0, from), from + end - start),
      }));
      return { ...lens, start: Math.max(start, lens.start), rows };
    },
  };
}

function store({ run, tensors }: StandaloneRun): StoredRun {
  return storedRun(
    run,
    run.blocks.flatMap(({ kind, layers }) =>
      layers.map((info): StoredLayer => {
        const held = tensors.filter(({ block, layer }) => block === kind && layer === info.layer);
        return {
          block: kind,
          info,
          tensors: new Map(held.map(({ what, dims, data }) => [what, { dims, data }])),
        };
      }),
    ),
  );
}

/** The summary with only those measures and vectors that the page carries. */
export function carriedSummary({ run, tensors }: StandaloneRun): RunSummary {
  return {
    ...run,
    blocks: run.blocks.map((block) => ({
      ...block,
      layers: block.layers.map((info) => ({
        ...info,
        has: info.has.filter((what) => carries(tensors, block.kind, info.layer, what)),
        ...(info.additive && {
          additive: info.additive.filter((part) => carries(tensors, block.kind, info.layer, part)),
        }),
        ...(info.projection && {
          projection: {
            ...info.projection,
            has: info.projection.has.filter((part) => carries(tensors, block.kind, info.layer, part)),
          },
        }),
      })),
    })),
  };
}

function carries(
  tensors: StandaloneRun["tensors"],
  block: BlockKind,
  layer: number,
  what: LayerTensor,
): boolean {
  return tensors.some((held) => held.block === block && held.layer === layer && held.what === what);
}
