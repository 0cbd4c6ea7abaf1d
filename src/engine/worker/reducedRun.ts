import { runFailed } from "../../core/errors";
import type { BlockKind, BlockOfRun, HeadVectors, KeptWeights, Measure, Notice } from "../../core/run";
import type { Tensor } from "../../core/tensor";
import type { Capture } from "../../onnx/instrumented";
import type { LayerReport } from "../../onnx/instrumented";
import { logitsOutput } from "../../onnx/logits";
import { HeldHeads } from "../../store/headwise";
import { maskOf } from "../../store/layerMask";
import type { StoredLayer } from "../../store/storedRun";
import { isMeasure } from "./capture";
import type { Feeds } from "./feeds";
import { fromRuntime, type OpenGraph, type OpenModel } from "./openModel";
import { flatLogits } from "./passes";
import type { MemoryPlan } from "./plan";
import {
  checkSums,
  codesByHead,
  largestCodeError,
  measuredError,
  pooledCodes,
  runSelective,
  type Brought,
  type Wanted,
} from "./selectiveRun";

/** What a run gives, in whatever form. */
export interface Outcome {
  readonly blocks: readonly BlockOfRun[];
  readonly layers: readonly StoredLayer[];
  readonly notices: readonly Notice[];
  readonly logits?: Tensor;
  readonly kept?: KeptWeights;
}

interface Place {
  readonly block: BlockKind;
  readonly report: LayerReport;
}

/** Runs a model in the passes of a plan and keeps weights as codes. Throws NotReducible where codes cannot hold them. */
export async function runReduced(
  model: OpenModel,
  graph: OpenGraph,
  feeds: Feeds,
  plan: MemoryPlan,
  pause: () => Promise<void>,
): Promise<Outcome> {
  const places = placesOf(model);
  const logitsName = plan.keepsLogits ? logitsOutput(graph.graph.outputs, model.summary.vocab) : undefined;
  const held = new Map<Place, HeldHeads>();
  const notices: Notice[] = [];
  let logits: Tensor | undefined;
  let measured = 0;
  for (const [number, pass] of plan.passes.entries()) {
    const isFirst = number === 0;
    const wishes = pass.flatMap((layer): Wanted[] => [wish(places[layer]!, "codes")]);
    if (isFirst) {
      const [first] = pass;
      wishes.push({ ...wish(places[first ?? 0]!, "exact"), heads: [0, 1] });
      for (const place of places) {
        for (const form of ["sums", "absoluteSums", "pooled", "pooledMean"] as const) {
          wishes.push(wish(place, form));
        }
      }
    }
    const names = isFirst && logitsName ? [logitsName] : [];
    const { brought, own } = await passOf(model, graph, feeds, wishes, names);
    const find = (place: Place, form: Wanted["form"]) =>
      brought.find(
        ({ wanted }) =>
          wanted.form === form && wanted.block === place.block && wanted.layer === place.report.layer,
      )!;
    if (isFirst) {
      for (const place of places) {
        const sums = find(place, "sums");
        notices.push(...checkSums(sums, find(place, "absoluteSums")));
        const [nHeads = 0, nQueries = 0] = sums.dims;
        const pooled = pooledCodes(find(place, "pooled"), find(place, "pooledMean"));
        held.set(place, new HeldHeads([nHeads, nQueries, nQueries], pooled));
      }
      if (own[0] && logitsName) logits = flatLogits(own[0], logitsName);
    }
    for (const layer of pass) {
      for (const [head, codes] of codesByHead(find(places[layer]!, "codes"))) {
        held.get(places[layer]!)!.holdCodes(head, codes);
      }
    }
    if (isFirst) {
      const exact = find(places[pass[0] ?? 0]!, "exact").data as Float32Array;
      const [[, codes] = []] = codesByHead(find(places[pass[0] ?? 0]!, "codes"));
      if (codes) measured = measuredError(codes, exact);
    }
    await pause();
  }
  const form = plan.form === "on-demand" ? "on-demand" : "bytes";
  return {
    ...described(places, held),
    notices: [...new Map(notices.map((notice) => [notice.code, notice])).values()],
    logits,
    kept: { form, largestError: largestCodeError, measuredError: measured },
  };
}

/** Brings heads, or vectors of whole layers, that a reduced run does not keep. */
export async function bringHeads(
  model: OpenModel,
  graph: OpenGraph,
  feeds: Feeds,
  layers: readonly StoredLayer[],
  wishes: readonly Wanted[],
): Promise<void> {
  const { brought } = await passOf(model, graph, feeds, wishes, []);
  for (const one of brought) {
    const { block, layer: number, what, form, heads } = one.wanted;
    const layer = layers.find((stored) => stored.block === block && stored.info.layer === number)!;
    if (!isMeasure(what)) {
      layer.tensors.set(what, { dims: one.dims, data: one.data as Float32Array });
      continue;
    }
    const { nHeads, nQueries, nKeys } = layer.info;
    const kept = layer.tensors.get(what);
    const into = kept instanceof HeldHeads ? kept : new HeldHeads([nHeads, nQueries, nKeys]);
    layer.tensors.set(what, into);
    if (form === "codes") for (const [head, codes] of codesByHead(one)) into.holdCodes(head, codes);
    else holdExact(into, one, heads?.[0] ?? 0);
  }
}

function holdExact(into: HeldHeads, { dims, data }: Brought, first: number): void {
  const [nHeads = 0, nQueries = 0, nKeys = 0] = dims;
  const size = nQueries * nKeys;
  for (let i = 0; i < nHeads; i++) {
    into.holdExact(first + i, (data as Float32Array).slice(i * size, (i + 1) * size));
  }
}

async function passOf(
  model: OpenModel,
  graph: OpenGraph,
  feeds: Feeds,
  wishes: readonly Wanted[],
  names: readonly string[],
) {
  return runSelective(graph, feeds, wishes, names).catch((error: unknown) => {
    throw fromRuntime(error, model.summary.name, runFailed);
  });
}

/** All layers in the order of the plan's indices. */
export function placesOf({ report }: Pick<OpenModel, "report">): Place[] {
  return report.blocks.flatMap(({ kind, layers }) =>
    layers
      .filter(({ has }) => has.includes("weights"))
      .map((layer): Place => ({ block: kind, report: layer })),
  );
}

function wish({ block, report }: Place, form: Wanted["form"], what: Capture = "weights"): Wanted {
  return { block, layer: report.layer, what, form };
}

/** Layers as the views know them. Masks that were read off one layer hold for those of which the graph says the same. */
function described(places: readonly Place[], held: ReadonlyMap<Place, HeldHeads>) {
  const layers = places.map((place): StoredLayer => {
    const weights = held.get(place)!;
    const [nHeads = 0, nQueries = 0, nKeys = 0] = weights.dims;
    const like = weights.has(0)
      ? place
      : places.find((other) => isLike(other, place) && held.get(other)!.has(0));
    return {
      block: place.block,
      tensors: new Map<Measure | HeadVectors, Tensor>([["weights", weights]]),
      info: {
        layer: place.report.layer,
        nHeads,
        nKeyHeads: place.report.nKeyHeads ?? nHeads,
        ...(place.report.dHead && { dHead: place.report.dHead }),
        nQueries,
        nKeys,
        mask: like ? maskOf(held.get(like)!, true) : { kind: "unknown" },
        has: place.report.has,
      },
    };
  });
  const kinds = [...new Set(places.map(({ block }) => block))];
  const blocks = kinds.map((kind): BlockOfRun => ({
    kind,
    queries: "source",
    keys: "source",
    layers: layers.filter(({ block }) => block === kind).map(({ info }) => info),
  }));
  return { layers, blocks };
}

function isLike(one: Place, other: Place): boolean {
  return one.block === other.block && one.report.mask === other.report.mask;
}
