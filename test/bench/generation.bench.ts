import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createEngine } from "../../src/engine/handle";
import { inlineStarter } from "../../src/engine/inline";
import { createService } from "../../src/engine/worker/service";
import { folderModel } from "../../src/model/folder";
import { nodeFiles } from "../../src/node/files";
import { nodePlatform } from "../../src/node/platform";
import { writeGeneratedModel } from "../support/generatedModel";
import { median } from "./median";
import type { BenchRow } from "./tokenizer.bench";

const root = path.join(import.meta.dirname, "../..");
const sizes = { nLayers: 6, nHeads: 8, dHead: 64, context: 1024, vocab: 8000 };
const N_WRITTEN = 32;
const N_PAIRS = 5;

/**
 * What a cache saves: the same random model of 6 layers and 512 dimensions with and without one continues the same
 * text by 32 tokens, in turns; in processor time, the last pass over everything, which is shown, included.
 */
export async function run(): Promise<BenchRow[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "headlight-generation-"));
  const engine = createEngine(
    inlineStarter((emit) =>
      createService(nodePlatform(path.join(root, "node_modules/onnxruntime-web/dist")), emit),
    ),
    { threads: 1, byteBudget: 1e9 },
  );
  try {
    const [plain, cached] = await Promise.all(
      [false, true].map(async (hasCache) => {
        const own = path.join(folder, String(hasCache));
        await writeGeneratedModel(own, { ...sizes, hasCache });
        return (await folderModel(nodeFiles, own)).source;
      }),
    );
    const rows: BenchRow[] = [];
    for (const nGiven of [128, 512]) {
      const ids = Array.from({ length: nGiven }, (_, i) => (i * 37 + (i % 7) * 11) % sizes.vocab);
      const timed = async (model: typeof plain) => {
        const before = process.cpuUsage();
        const { runId } = await engine.inspect({ model: model!, ids, generate: { nTokens: N_WRITTEN } });
        const { user, system } = process.cpuUsage(before);
        await engine.release({ runId });
        return (user + system) / 1000;
      };
      const ratios: number[] = [];
      const times: number[] = [];
      // The first of each opens the model.
      for (let pair = 0; pair <= N_PAIRS; pair++) {
        const whole = await timed(plain);
        const withCache = await timed(cached);
        if (pair === 0) continue;
        times.push(withCache);
        ratios.push(withCache / whole);
      }
      const name = `6 layers x 8 heads, ${nGiven} tokens continued by ${N_WRITTEN}`;
      rows.push(
        { name: `${name}, with a cache`, value: median(times), unit: "ms of processor time" },
        { name: `${name}: with a cache, over without`, value: median(ratios), unit: "x" },
      );
    }
    return rows;
  } finally {
    await engine.stop();
    await rm(folder, { recursive: true });
  }
}
