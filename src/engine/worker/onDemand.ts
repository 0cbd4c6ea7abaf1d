import { tooMuchAtOnce } from "../../core/errors";
import type { HeadChoice, HeadVectors, Measure } from "../../core/run";
import type { InspectRequest } from "../../protocol/engineContract";
import { layersOf } from "../../store/heads";
import { HeldHeads } from "../../store/headwise";
import type { StoredLayer, StoredRun } from "../../store/storedRun";
import { makeFeeds } from "./feeds";
import type { Stages } from "./inspect";
import { checkpoint } from "./queue";
import { bringHeads } from "./reducedRun";
import type { Wanted } from "./selectiveRun";

/** Whether a run keeps less than everything, so that what is looked at may have to be computed again. */
export function isReduced({ summary }: StoredRun): boolean {
  return summary.kept !== undefined && summary.windows === undefined;
}

const VECTORS: readonly HeadVectors[] = ["q", "k", "v", "output"];

/** What a reduced run lacks of the choices; empty where it can answer at once. */
export function lackedBy(
  run: StoredRun,
  what: Measure | HeadVectors,
  choices: readonly HeadChoice[],
  byteBudget: number,
): Wanted[] {
  const wishes = choices.flatMap(({ block, layer, head }) =>
    layersOf(run, block)
      .filter(({ info }) => (layer === "all" || info.layer === layer) && info.has.includes(what))
      .flatMap((stored) => lackedOf(stored, what, head, byteBudget)),
  );
  const unique = new Map(
    wishes.map((wish) => [`${wish.block} ${wish.layer} ${wish.what} ${String(wish.heads)}`, wish]),
  );
  return [...unique.values()];
}

function lackedOf(
  { block, info, tensors }: StoredLayer,
  what: Measure | HeadVectors,
  head: HeadChoice["head"],
  byteBudget: number,
): Wanted[] {
  const place = { block, layer: info.layer };
  if (what !== "weights" && what !== "scores") {
    if (tensors.has(what)) return [];
    // Small beside matrices, and looked at together.
    return VECTORS.filter((one) => info.has.includes(one) && !tensors.has(one)).map((one) => ({
      ...place,
      what: one,
      form: "exact",
    }));
  }
  const kept = tensors.get(what);
  const held = kept instanceof HeldHeads ? kept : undefined;
  if (kept && !held) return [];
  const asked = typeof head === "number" ? [head] : Array.from({ length: info.nHeads }, (_, one) => one);
  const lacks = asked.filter((one) => !held?.has(one));
  if (lacks.length === 0) return [];
  const form = what === "weights" ? ("codes" as const) : ("exact" as const);
  // A pass costs the same for one head and for all: take all where they are small enough to stay.
  const layerBytes = info.nHeads * info.nQueries * info.nKeys * (form === "codes" ? 1 : 4);
  const takesAll = typeof head !== "number" || (form === "codes" && layerBytes <= byteBudget / 2);
  const heads: readonly [number, number] = takesAll ? [0, info.nHeads] : [lacks[0]!, lacks[0]! + 1];
  return [{ ...place, what, form, heads }];
}

/** Runs a reduced run's request again for what it lacks; lets go of other heads where that takes too much memory. */
export async function bring(
  run: StoredRun,
  request: InspectRequest,
  wishes: readonly Wanted[],
  { models, progress, limits }: Stages,
  signal: AbortSignal,
): Promise<void> {
  makeRoom(run, wishes, limits.byteBudget);
  progress({ stage: "load" });
  await checkpoint(signal);
  const depth = wishes.every(({ what }) => what === "weights") ? "selected" : "selected-all";
  const model = await models.get(request.model, depth);
  const { first } = await model.parts(depth);
  progress({ stage: "run" });
  await checkpoint(signal);
  const feeds = makeFeeds(first.graph.inputs, {
    modelName: model.summary.name,
    ids: run.summary.tokens.map(({ id }) => id),
    padId: model.config.padTokenId ?? 0,
  });
  await bringHeads(model, first, feeds, run.layers, wishes);
}

function makeRoom(run: StoredRun, wishes: readonly Wanted[], byteBudget: number): void {
  const coming = wishes.reduce((sum, wish) => sum + bytesOf(run, wish), 0);
  if (coming > byteBudget) throw tooMuchAtOnce(coming, byteBudget);
  const isWished = (layer: StoredLayer) =>
    wishes.some((wish) => wish.block === layer.block && wish.layer === layer.info.layer);
  for (const what of ["scores", "weights"] as const) {
    // Only what was brought on demand can be brought again.
    if (what === "weights" && run.summary.kept?.form !== "on-demand") continue;
    for (const layer of run.layers) {
      const held = run.layers.reduce((sum, { tensors }) => sum + heldBytes(tensors.get(what)), 0);
      if (held + coming <= byteBudget) break;
      const tensor = layer.tensors.get(what);
      if (tensor instanceof HeldHeads && !isWished(layer)) tensor.drop();
    }
  }
}

function heldBytes(tensor: unknown): number {
  return tensor instanceof HeldHeads ? tensor.byteLength : 0;
}

function bytesOf(run: StoredRun, { block, layer, form, heads }: Wanted): number {
  const info = run.layers.find((stored) => stored.block === block && stored.info.layer === layer)?.info;
  if (!info || !heads) return 0;
  return (heads[1] - heads[0]) * info.nQueries * info.nKeys * (form === "codes" ? 1 : 4);
}
