import path from "node:path";
import type { Verification } from "../../src/core/verification";
import { createEngine } from "../../src/engine/handle";
import { inlineStarter } from "../../src/engine/inline";
import { createService } from "../../src/engine/worker/service";
import { embeddedModels } from "../../src/model/embedded";
import { nodeFiles } from "../../src/node/files";
import { nodePlatform } from "../../src/node/platform";
import type { StandaloneRun, StandaloneTensor } from "../../src/protocol/standalone";

const root = path.resolve(import.meta.dirname, "../..");

/** An embedded model run by the engine in this process, with every tensor of its heads and the terms of additive scores. */
export async function engineRun(id: string, text: string, targetText?: string): Promise<StandaloneRun> {
  const { engine, source } = await engineWith(id);
  const run = await engine.inspect({ model: source, text, ...(targetText !== undefined && { targetText }) });
  const { runId } = run;
  const tensors: StandaloneTensor[] = [];
  for (const { kind: block, layers } of run.blocks) {
    for (const { layer, nHeads, has, additive } of layers) {
      for (const what of has) {
        const heads = await Promise.all(
          Array.from({ length: nHeads }, async (_, head) => {
            const address = { block, layer, head };
            if (what !== "weights" && what !== "scores")
              return engine.headVectors({ runId, address, which: what });
            const { rows, columns, data } = await engine.matrix({ runId, choice: address, measure: what });
            return { dims: [rows, columns], data };
          }),
        );
        const [{ dims } = { dims: [0, 0] }] = heads;
        const size = dims[0]! * dims[1]!;
        const data = new Float32Array(nHeads * size);
        heads.forEach((head, i) => data.set(head.data, i * size));
        tensors.push({ block, layer, what, dims: [nHeads, ...dims], data });
      }
      if (!additive?.length) continue;
      const { q, k, v } = await engine.additive({ runId, block, layer });
      tensors.push(
        { block, layer, what: "additiveQuery", ...q },
        { block, layer, what: "additiveKey", ...k },
      );
      tensors.push({ block, layer, what: "additiveVector", dims: [1, v.length], data: v });
    }
  }
  await engine.stop();
  return { run, tensors, predictions: [] };
}

/** What Verify says of an embedded model. */
export async function verified(id: string, text: string, targetText: string): Promise<Verification> {
  const { engine, source } = await engineWith(id);
  const verification = await engine.verify({ model: source, text, targetText });
  await engine.stop();
  return verification;
}

async function engineWith(id: string) {
  const platform = nodePlatform(path.join(root, "node_modules/onnxruntime-web/dist"));
  const engine = createEngine(
    inlineStarter((emit) => createService(platform, emit)),
    { threads: 1, byteBudget: 1e9 },
  );
  const models = await embeddedModels(nodeFiles, path.join(root, "media/models"));
  return { engine, source: models.find((each) => each.source.id === id)!.source };
}
