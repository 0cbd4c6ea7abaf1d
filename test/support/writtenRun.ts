import path from "node:path";
import type { BlockOfRun } from "../../src/core/run";
import type { Engine } from "../../src/engine/engine";
import { createEngine } from "../../src/engine/handle";
import { inlineStarter } from "../../src/engine/inline";
import { createService } from "../../src/engine/worker/service";
import { scoringRuns } from "../../src/host/scoringRuns";
import { embeddedModels } from "../../src/model/embedded";
import { folderModel } from "../../src/model/folder";
import { nodeFiles } from "../../src/node/files";
import { nodePlatform } from "../../src/node/platform";
import type { InspectRequest, ModelSource } from "../../src/protocol/engineContract";
import type { ScoringRuns } from "../../src/protocol/scoringRuns";
import type { StandaloneRun, StandaloneTensor } from "../../src/protocol/standalone";

const root = path.resolve(import.meta.dirname, "../..");
const modelsFolder = path.join(root, "media/models");

/** An engine in this process, as the worker runs it. */
export function inlineEngine(): Engine {
  const platform = nodePlatform(path.join(root, "node_modules/onnxruntime-web/dist"));
  return createEngine(
    inlineStarter((emit) => createService(platform, emit)),
    { threads: 1, byteBudget: 1e9 },
  );
}

/** A model that ships with the extension, with its card's name, or one in a folder of its own. */
export async function modelSource(idOrFolder: string): Promise<ModelSource> {
  const embedded = (await embeddedModels(nodeFiles, modelsFolder)).find(
    ({ source }) => source.id === idOrFolder,
  );
  return (embedded ?? (await folderModel(nodeFiles, idOrFolder))).source;
}

/** What the host tells a page of the models that differ in their scoring function. */
export function scoringModels(engine: Engine, text: string): Promise<ScoringRuns> {
  return scoringRuns(engine, { embedded: () => embeddedModels(nodeFiles, modelsFolder) }, text);
}

/** A run with all its weights, queries and keys, and what its model made of each token: what a page needs that has no engine. */
export async function writtenRun(
  engine: Engine,
  idOrFolder: string,
  request: Omit<InspectRequest, "model">,
): Promise<StandaloneRun> {
  const run = await engine.inspect({ model: await modelSource(idOrFolder), ...request });
  const { runId } = run;
  const tensors = await Promise.all(
    run.blocks.flatMap((block) =>
      block.layers.flatMap(({ layer, has }) => [
        weightsOf(engine, runId, block, layer),
        ...(["q", "k"] as const)
          .filter((which) => has.includes(which))
          .map((which) => vectorsOf(engine, runId, block, layer, which)),
      ]),
    ),
  );
  const nTokens = (run.targetTokens ?? run.tokens).length;
  const predictions = await engine.tokenPredictions({ runId, start: 1, end: nTokens + 1, count: 6 });
  const lens = await engine.logitLens({ runId, start: 0, end: nTokens, count: 5 });
  return { run, tensors, predictions: [], generation: { predictions, lens } };
}

async function weightsOf(
  engine: Engine,
  runId: string,
  { kind: block, layers }: BlockOfRun,
  layer: number,
): Promise<StandaloneTensor> {
  const { nHeads, nQueries, nKeys } = layers.find((each) => each.layer === layer)!;
  const data = new Float32Array(nHeads * nQueries * nKeys);
  for (let head = 0; head < nHeads; head++) {
    const slice = await engine.matrix({ runId, choice: { block, layer, head }, measure: "weights" });
    data.set(slice.data, head * nQueries * nKeys);
  }
  return { block, layer, what: "weights", dims: [nHeads, nQueries, nKeys], data };
}

async function vectorsOf(
  engine: Engine,
  runId: string,
  { kind: block, layers }: BlockOfRun,
  layer: number,
  what: "q" | "k",
): Promise<StandaloneTensor> {
  const { nHeads } = layers.find((each) => each.layer === layer)!;
  const heads = await Promise.all(
    Array.from({ length: nHeads }, (_, head) =>
      engine.headVectors({ runId, address: { block, layer, head }, which: what }),
    ),
  );
  const [rows = 0, d = 0] = heads[0]?.dims ?? [];
  const data = new Float32Array(nHeads * rows * d);
  heads.forEach((head, i) => data.set(head.data, i * rows * d));
  return { block, layer, what, dims: [nHeads, rows, d], data };
}
