import { HeadlightError, windowsTooLarge } from "../../core/errors";
import type { ModelSource } from "../../core/modelSource";
import type { Capture } from "../../onnx/instrumented";
import { logitsOutput } from "../../onnx/logits";
import type { InspectRequest } from "../../protocol/engineContract";
import { makeFeeds } from "./feeds";
import { fixedLength } from "./inputRoles";
import type { ModelsOfRun } from "./models";
import { bytesOf, LARGE_MODEL_BYTES, type Depth, type OpenModel, type OpenParts } from "./openModel";
import { heapBytes, planRun, type MemoryLimits, type MemoryPlan, type RunSize } from "./plan";

import { feedsOf } from "./passes";
import { placesOf, runReduced, type Outcome } from "./reducedRun";
import { NotReducible } from "./selectiveRun";
import type { Sequences } from "./sequences";

export interface Frame {
  readonly models: ModelsOfRun;
  /** A session that is open, of whatever depth. */
  readonly parts: OpenParts;
  readonly limits: MemoryLimits;
  /** Lets a cancel be heard between passes. */
  pause(): Promise<void>;
  /** Among how many runs of this size the budget is shared. */
  readonly nWindows: number;
  /** The run with all weights as float32. */
  runWhole(sequences: Sequences, keepsLogits: boolean): Promise<Outcome>;
}

/** From this many tokens on 12 x 12 heads are kept as bytes by default (see plan.ts); a token is about 5 characters. */
const LONG_TOKENS = 960;
const CHARACTERS_PER_TOKEN = 5;

/** The session to open first where none is: for a long text the one that gives bytes, so that a large model is not opened twice. */
export function firstDepth(request: InspectRequest, depth: Depth): Depth {
  const nTokens = request.ids?.length ?? (request.text?.length ?? 0) / CHARACTERS_PER_TOKEN;
  const isText = !request.inputs && !request.model.decoder;
  return depth === "weights" && isText && nTokens > LONG_TOKENS ? "selected" : depth;
}

/** One text that the model reads at once, in the form that its memory allows. */
export async function runAtOnce(
  model: OpenModel,
  request: InspectRequest,
  sequences: Sequences,
  wanted: ReadonlySet<Capture>,
  { models, parts, limits, pause, nWindows, runWhole }: Frame,
): Promise<Outcome> {
  await pause();
  const { fixed, ...size } = await sizeOf(model, parts, request, sequences, wanted);
  const nTokens = Math.max(sequences.source?.length ?? 0, sequences.target?.length ?? 0, fixed);
  const share = { ...limits, byteBudget: limits.byteBudget / nWindows };
  const plan = await planWithRoom(models, request.model, { ...size, nTokens }, share);
  const asCodes = plan.form !== "float32";
  const ofRun = { ...size, weightBytes: size.ownBytes, nTokens };
  models.noteHeap(Math.max(...plan.passes.map((layers) => heapBytes(ofRun, layers, asCodes))));
  if (nWindows > 1 && plan.form === "on-demand") {
    const bytes = size.headsPerLayer.reduce((sum, n) => sum + n, 0) * nTokens ** 2 * nWindows;
    throw windowsTooLarge(model.summary.name, nWindows, bytes, limits.byteBudget);
  }
  if (plan.form !== "float32") {
    const { first } = await model.parts("selected");
    if (first.graph.selections.length > 0) {
      const feeds = makeFeeds(first.graph.inputs, feedsOf(model, { first }, request, sequences));
      try {
        return await runReduced(model, first, feeds, plan, pause);
      } catch (error) {
        if (!(error instanceof NotReducible)) throw error;
      }
    }
    // What cannot be kept as bytes is kept as it is, where the heap can hold it.
    planRun({ ...size, weightBytes: size.ownBytes, nTokens, isSelective: false }, limits);
  }
  return runWhole(sequences, plan.keepsLogits);
}

/** The plan with all models open; where that leaves too little, without the others. */
async function planWithRoom(
  models: ModelsOfRun,
  source: ModelSource,
  size: Omit<RunSize, "weightBytes"> & { ownBytes: number },
  limits: MemoryLimits,
): Promise<MemoryPlan> {
  const others = await models.otherBytes(source);
  const alone = { ...size, weightBytes: size.ownBytes };
  const together = { ...size, weightBytes: size.ownBytes + others };
  const best = planRun(alone, limits);
  if (others === 0) return best;
  try {
    const plan = planRun(together, limits);
    if (plan.form === best.form && plan.passes.length === best.passes.length) return plan;
  } catch (error) {
    if (!(error instanceof HeadlightError)) throw error;
  }
  await models.closeOthers(source);
  return best;
}

/** Heads of a layer where neither the graph nor config.json says: more than most models have. */
const ASSUMED_HEADS = 16;

async function sizeOf(
  model: OpenModel,
  parts: OpenParts,
  request: InspectRequest,
  { target }: Sequences,
  wanted: ReadonlySet<Capture>,
) {
  const { summary } = model;
  const { first, decoder } = parts;
  const isOneText = !decoder && !target && !request.inputs;
  const nMaps = wanted.has("scores") ? 2 : 1;
  // The selective session of a model that is not large is opened beside the one that is there.
  const bytes = bytesOf(parts);
  return {
    modelName: summary.name,
    ownBytes: (await model.openBytes()) + (isOneText && bytes < LARGE_MODEL_BYTES ? bytes : 0),
    headsPerLayer: placesOf(model).map(
      ({ report }) => (report.nHeads ?? (summary.nHeads || ASSUMED_HEADS)) * nMaps,
    ),
    vocab: logitsOutput(first.graph.outputs, summary.vocab) ? (summary.vocab ?? 0) : 0,
    isSelective: isOneText,
    fixed: fixedLength(first.graph.inputs) ?? 0,
  };
}
