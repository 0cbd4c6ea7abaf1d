import { cancelled, HeadlightError } from "../../src/core/errors";
import type { ShownMeasure } from "../../src/core/measures/measure";
import type { BlockKind, LayerTensor, RunSummary } from "../../src/core/run";
import type { CallOptions } from "../../src/protocol/channel";
import type { Slices } from "../../src/protocol/slices";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { compareChoices, similarHeads } from "../../src/store/comparison";
import { keyHeads } from "../../src/store/keyHeads";
import { distanceSlice } from "../../src/store/distances";
import { additiveSlice } from "../../src/store/additive";
import { prepareMeasure, type Extent } from "../../src/store/measured";
import { mixKey } from "../../src/store/mixed";
import { additionsSlice, projectionSlice } from "../../src/store/projection";
import { maskPicture } from "../../src/store/maskPicture";
import { stagesSlice } from "../../src/store/stages";
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
  const prepare = async (
    measure: ShownMeasure | undefined,
    extents: readonly Extent[],
    call?: CallOptions,
  ) => {
    for (const extent of extents)
      await prepareMeasure(run, measure ?? "weights", extent, { pace: () => pace(call) });
  };
  return {
    async matrix(query, call?: CallOptions) {
      await prepare(query.measure, [query.choice], call);
      return matrixSlice(run, query);
    },
    async marginals(query, call?: CallOptions) {
      await prepare(query.measure, [query.choice], call);
      return marginalSlice(run, query);
    },
    async meanRow(query, call?: CallOptions) {
      await prepare(query.measure, [query.choice], call);
      return meanRowSlice(run, query);
    },
    async vectors(query, call?: CallOptions) {
      const { measure, choices, axis, index } = query;
      await prepare(
        measure,
        choices.map(({ block, layer }) => ({ block, layer, line: { axis, index } })),
        call,
      );
      return vectorSlices(run, query);
    },
    async thumbnails(query, call?: CallOptions) {
      await prepare(query.measure, [{ block: query.block }], call);
      return thumbnails(run, query);
    },
    async statistics(query, call?: CallOptions) {
      await prepare(query.measure, [{ block: query.block }], call);
      return statistics(run, query);
    },
    mask: async (query) => maskSlice(run, query),
    headVectors: async ({ address, which }) => headVectorSlice(run, address, which),
    keyHeads: async ({ block, key, count }) => keyHeads(run, block, key, count),
    async similarHeads({ address, measure = "weights" }, call?: CallOptions) {
      await prepare(measure, [{ block: address.block }], call);
      return similarHeads(run, address, measure);
    },
    async compare({ choice, other, size, measure = "weights" }, call?: CallOptions) {
      await prepare(measure, [choice, other.choice], call);
      return compareChoices({ run, choice }, { run, choice: other.choice }, size, measure);
    },
    distances: async ({ block }) => distanceSlice(run, block),
    projection: async ({ address, query }) => projectionSlice(run, address, query),
    stages: async ({ address, ...most }) => finished(stagesSlice(run, address, most)),
    maskPicture: async ({ block, layer, ...most }) => maskPicture(run, block, layer, most),
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
    async logitLens({ start, end, count }) {
      const lens = content.generation?.lens;
      if (!lens) return { start, rows: [], missing: "this page carries none" };
      if (lens.rows.length === 0) return { ...lens, start };
      if (start < lens.start)
        return { start, rows: [], missing: `this page carries it from token ${lens.start} on` };
      const from = start - lens.start;
      const rows = lens.rows.map(({ layer, cells }) => ({
        layer,
        cells: cells
          .slice(from, from + end - start)
          .map((cell) => ({ ...cell, likely: cell.likely.slice(0, count) })),
      }));
      return { start, rows };
    },
  };
}

/** Lets the page draw and hear; throws when the call was cancelled. */
async function pace(call: CallOptions | undefined): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve));
  if (call?.signal?.aborted) throw cancelled();
}

function store({ run, tensors, lengths = [] }: StandaloneRun): StoredRun {
  const stored = storedRun(
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
  for (const { measure, block, layer, dims, data } of lengths) {
    stored.lengths.set(mixKey(measure, block, layer), { dims, data });
  }
  return stored;
}

/** The summary with only those measures and vectors that the page carries. */
export function carriedSummary({ run, tensors, lengths = [] }: StandaloneRun): RunSummary {
  return {
    ...run,
    blocks: run.blocks.map((block) => ({
      ...block,
      layers: block.layers.map((info) => ({
        ...info,
        lengths: lengths
          .filter((each) => each.block === block.kind && each.layer === info.layer)
          .map(({ measure }) => measure),
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

/** Runs to its end what a worker would do in parts. */
function finished<T>(steps: Generator<void, T>): T {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
  }
}
