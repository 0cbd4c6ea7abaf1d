import { badChoice, lensNotNumbers, runFailed } from "../../core/errors";
import type { LensOutputs } from "../../onnx/instrumented";
import type { EngineEvents, InspectRequest } from "../../protocol/engineContract";
import type { LensCell, LensQuery, LensRow, LogitLens } from "../../protocol/generation";
import type { StoredRun } from "../../store/storedRun";
import type { RuntimeTensor } from "../runtime";
import { asFloat32 } from "./capture";
import { makeFeeds } from "./feeds";
import { takesIds } from "./inputRoles";
import type { Models } from "./models";
import { fromRuntime, type OpenGraph, type OpenModel, type OpenParts } from "./openModel";
import { decoderFeeds, encode, feedsOf } from "./passes";
import { checkpoint } from "./queue";
import type { Sequences } from "./sequences";

/** What the lens of one run gave: for each row the most likely tokens of all positions. */
export interface LensOfRun {
  readonly missing?: string;
  readonly nPositions: number;
  readonly count: number;
  /** ids and values [positions, count], final [positions]. */
  readonly rows: readonly {
    readonly layer: number | "embedding";
    readonly ids: Float64Array;
    readonly values: Float32Array;
    readonly final: Float32Array;
  }[];
}

const nothing = { nPositions: 0, count: 0, rows: [] };

/** Runs a stored run's tokens again through the graph with the lens. */
export async function runLens(
  { summary }: StoredRun,
  request: InspectRequest,
  models: Models,
  progress: EngineEvents["progress"],
  signal: AbortSignal,
): Promise<LensOfRun> {
  if (summary.windows) return { ...nothing, missing: "the text was run in windows" };
  progress({ stage: "load" });
  await checkpoint(signal);
  const model = await models.get(request.model, "weights");
  const parts = await model.parts("lens");
  const graph = parts.decoder ?? parts.first;
  const { lens } = graph.graph;
  if (!lens || lens.rows.length === 0) return { ...nothing, missing: lens?.missing };
  progress({ stage: "run" });
  await checkpoint(signal);
  const sequences: Sequences = {
    source: takesIds(parts.first.graph.inputs) ? summary.tokens : undefined,
    target: summary.targetTokens,
  };
  return read(lens, await fetchLens(model, parts, graph, request, sequences, lens));
}

async function fetchLens(
  model: OpenModel,
  parts: OpenParts,
  { graph, session }: OpenGraph,
  request: InspectRequest,
  sequences: Sequences,
  { rows }: LensOutputs,
): Promise<Map<string, RuntimeTensor>> {
  const { first, decoder } = parts;
  const feeds = feedsOf(model, parts, request, sequences);
  const given = decoder ? decoderFeeds(decoder, feeds, await encode(model, first, feeds)) : feeds;
  const names = rows.flatMap(({ ids, values, final }) => [ids, values, final]);
  const results = await session.run(makeFeeds(graph.inputs, given), names).catch((error: unknown) => {
    throw fromRuntime(error, model.summary.name, runFailed);
  });
  return new Map(names.map((name, index) => [name, results[index]!]));
}

function read({ rows }: LensOutputs, tensors: ReadonlyMap<string, RuntimeTensor>): LensOfRun {
  const shape = tensors.get(rows[0]!.values)!.dims;
  const [nPositions = 0, count = 0] = shape.slice(-2);
  return {
    nPositions,
    count,
    rows: rows.map(({ layer, ids, values, final }) => ({
      layer,
      ids: Float64Array.from(tensors.get(ids)!.data as unknown as ArrayLike<bigint>, Number),
      values: asFloat32(tensors.get(values)!, values),
      final: asFloat32(tensors.get(final)!, final),
    })),
  };
}

/** The positions that were asked for, with texts. */
export function lensSlice(
  lens: LensOfRun,
  { start, end, count }: Omit<LensQuery, "runId">,
  textOf: (id: number) => string,
): LogitLens {
  if (lens.rows.length === 0) return { start, rows: [], missing: lens.missing ?? "it was not asked for" };
  if (!(start >= 0 && start <= end && end <= lens.nPositions)) {
    throw badChoice(`the positions ${start} to ${end} are not among ${lens.nPositions}`);
  }
  const nLikely = Math.min(count, lens.count);
  return {
    start,
    rows: lens.rows.map(({ layer, ids, values, final }): LensRow => {
      const cells = Array.from({ length: end - start }, (_, i): LensCell => {
        const position = start + i;
        if (Number.isNaN(final[position])) throw lensNotNumbers(layer);
        const likely = Array.from({ length: nLikely }, (_, rank) => {
          const at = position * lens.count + rank;
          return { id: ids[at]!, text: textOf(ids[at]!), probability: values[at]! };
        });
        return { likely, final: final[position]! };
      });
      return { layer, cells };
    }),
  };
}
