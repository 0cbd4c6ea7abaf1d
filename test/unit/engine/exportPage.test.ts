import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunSummary } from "../../../src/core/run";
import { createEngine } from "../../../src/engine/handle";
import { inlineStarter } from "../../../src/engine/inline";
import { createService } from "../../../src/engine/worker/service";
import { embeddedModels } from "../../../src/model/embedded";
import { nodeFiles } from "../../../src/node/files";
import { nodePlatform } from "../../../src/node/platform";
import { MOST_PAGE_BYTES, PAGE_EVERYTHING, PAGE_WEIGHTS, pageSize } from "../../../src/protocol/pageExport";
import { parseStandalone } from "../../../src/protocol/standalone";
import { standaloneDocument } from "../../../src/protocol/standalonePage";
import { standaloneSlices } from "../../../webview/standalone/slices";
import { runtimeFolder } from "../node/built";

const modelsFolder = path.resolve(import.meta.dirname, "../../../media/models");
const platform = nodePlatform(runtimeFolder);
const engine = createEngine(
  inlineStarter((emit) => createService(platform, emit)),
  { threads: 1, byteBudget: 1e9 },
);
const text = "Tom opened the red box. Anna closed the red box.";
let run: RunSummary;
beforeAll(async () => {
  const entry = (await embeddedModels(nodeFiles, modelsFolder)).find(
    ({ source }) => source.id === "code-4x8",
  )!;
  run = await engine.inspect({ model: entry.source, text });
});
afterAll(() => engine.stop());

/** What a host writes into the page. */
async function exported(what: typeof PAGE_WEIGHTS) {
  const parts: Uint8Array[] = [];
  for (let part = 0, nParts = 1; part < nParts; part++) {
    const answer = await engine.exportPage({ runId: run.runId, what, part });
    expect(answer.bytes.length).toBeLessThanOrEqual(1e6);
    nParts = answer.nParts;
    parts.push(answer.bytes);
  }
  return Buffer.concat(parts).toString("utf8");
}

describe("the data of a page", () => {
  it.each(["weights", "value-weighted", "norm-weighted", "rollout", "flow"] as const)(
    "shows %s without a model as the engine does with one",
    async (measure) => {
      const slices = standaloneSlices(parseStandalone(await exported(PAGE_WEIGHTS)));
      const query = {
        runId: run.runId,
        measure,
        choice: { block: "decoder", layer: 3, head: 7 },
      } as const;
      const [ofPage, ofEngine] = [await slices.matrix(query), await engine.matrix(query)];
      expect(ofPage.largest).toBe(ofEngine.largest);
      expect([...ofPage.data]).toEqual([...ofEngine.data]);
    },
  );

  it("carries the most likely tokens, and the vectors where they were asked for", async () => {
    const json = await exported(PAGE_EVERYTHING);
    const content = parseStandalone(json);
    expect(new Set(content.tensors.map(({ what }) => what))).toEqual(new Set(PAGE_EVERYTHING));
    const likely = await engine.predictions({ runId: run.runId, position: 5, count: 10 });
    expect(content.predictions[5]).toEqual({ position: 5, likely });
    // About as large as was said before: the page's own bytes aside.
    const said = pageSize(run, PAGE_EVERYTHING).bytes - pageSize({ ...run, blocks: [] }, []).bytes;
    expect(json.length).toBeGreaterThan(said * 0.4);
    expect(json.length).toBeLessThan(said * 2.5);
  });

  it("is too large to be written for 144 heads of 1,024 tokens, and said to be so before", () => {
    const [block] = run.blocks;
    const layer = { ...block!.layers[0]!, nHeads: 12, nQueries: 1024, nKeys: 1024 };
    const large = { ...run, blocks: [{ ...block!, layers: Array.from({ length: 12 }, () => layer) }] };
    const { bytes, precision } = pageSize(large, PAGE_WEIGHTS);
    expect(precision).toBe("float16");
    expect(bytes).toBeGreaterThan(MOST_PAGE_BYTES);
  });

  it("stands in a document that no text can break out of", () => {
    const { before, after } = standaloneDocument({
      title: "</title><script>",
      script: "'</script>'",
      style: "a{}</style>",
    });
    expect(before).toContain("<title>&lt;/title&gt;&lt;script&gt;</title>");
    expect(before.match(/<\/style>/g)).toHaveLength(1);
    expect(after.match(/<\/script>/g)).toHaveLength(2);
  });
});
