import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunSummary } from "../../../src/core/run";
import { createEngine } from "../../../src/engine/handle";
import { inlineStarter } from "../../../src/engine/inline";
import { createService } from "../../../src/engine/worker/service";
import { embeddedModels } from "../../../src/model/embedded";
import { nodeFiles } from "../../../src/node/files";
import { nodePlatform } from "../../../src/node/platform";
import {
  lensPositions,
  MOST_PAGE_BYTES,
  PAGE_EVERYTHING,
  PAGE_WEIGHTS,
  pageSize,
} from "../../../src/protocol/pageExport";
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
  run = await engine.inspect({ model: entry.source, text, generate: { nTokens: 6 } });
});
afterAll(() => engine.stop());

/** What a host writes into the page. */
async function exported(what: typeof PAGE_WEIGHTS, { runId } = run) {
  const parts: Uint8Array[] = [];
  for (let part = 0, nParts = 1; part < nParts; part++) {
    const answer = await engine.exportPage({ runId, what, part });
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
    // Its scores are no additive ones, and its W_O has no bias.
    const lacking = ["additiveQuery", "additiveKey", "additiveVector", "projectionBias"];
    expect(new Set(content.tensors.map(({ what }) => what))).toEqual(
      new Set(PAGE_EVERYTHING.filter((what) => !lacking.includes(what))),
    );
    const likely = await engine.predictions({ runId: run.runId, position: 5, count: 10 });
    expect(content.predictions[5]).toEqual({ position: 5, likely });
    // About as large as was said before: the page's own bytes aside.
    const said = pageSize(run, PAGE_EVERYTHING).bytes - pageSize({ ...run, blocks: [] }, []).bytes;
    expect(json.length).toBeGreaterThan(said * 0.7);
    expect(json.length).toBeLessThan(said * 1.3);
  });

  it("follows a head through W_O into the residual stream as the engine does", async () => {
    const slices = standaloneSlices(parseStandalone(await exported(PAGE_EVERYTHING)));
    const query = {
      runId: run.runId,
      address: { block: "decoder", layer: 2, head: 5 },
      query: 11,
    } as const;
    const [ofPage, ofEngine] = [await slices.projection(query), await engine.projection(query)];
    expect(ofPage).toEqual(ofEngine);
    expect(ofPage.checks.output?.largestDifference).toBeLessThan(1e-5);
    const layer = { runId: run.runId, block: "decoder", layer: 2 } as const;
    expect(await slices.additions(layer)).toEqual(await engine.additions(layer));
  });

  it("carries the terms of additive scores", async () => {
    const entry = (await embeddedModels(nodeFiles, modelsFolder)).find(
      ({ source }) => source.id === "dates-additive",
    )!;
    const dates = await engine.inspect({ model: entry.source, text: "7.8.2031", generate: {} });
    const slices = standaloneSlices(parseStandalone(await exported(PAGE_EVERYTHING, dates)));
    const layer = { runId: dates.runId, block: "cross", layer: 0 } as const;
    expect(await slices.additive(layer)).toEqual(await engine.additive(layer));
  });

  it("carries what was written, with probabilities and the logit lens, whatever tensors it takes along", async () => {
    const { runId, tokens, generated } = run;
    const slices = standaloneSlices(parseStandalone(await exported(PAGE_WEIGHTS)));
    const { start } = generated!;
    const written = { runId, start, end: tokens.length + 1, count: 5 };
    expect(generated!.count).toBe(6);
    expect(await slices.tokenPredictions(written)).toEqual(await engine.tokenPredictions(written));
    const lens = { runId, start: start - 1, end: tokens.length, count: 5 };
    const ofPage = await slices.logitLens(lens);
    expect(ofPage.rows).toHaveLength(5);
    expect(ofPage).toEqual(await engine.logitLens(lens));
  });

  it("carries a target that was written, and says what of the lens the model lacks", async () => {
    const entry = (await embeddedModels(nodeFiles, modelsFolder)).find(
      ({ source }) => source.id === "dates-dot",
    )!;
    const dates = await engine.inspect({ model: entry.source, text: "7.8.2031", generate: {} });
    const slices = standaloneSlices(parseStandalone(await exported(PAGE_WEIGHTS, dates)));
    const query = { runId: dates.runId, start: 1, end: dates.targetTokens!.length + 1, count: 5 };
    expect(await slices.tokenPredictions(query)).toEqual(await engine.tokenPredictions(query));
    expect(await slices.logitLens({ ...query, start: 0, end: 1 })).toEqual({
      start: 0,
      rows: [],
      missing: "no residual stream leads to its predictions",
    });
  });

  it("carries the lens of the last positions of a long text, and says so of the others", async () => {
    const content = parseStandalone(await exported(PAGE_WEIGHTS));
    const lens = content.generation!.lens!;
    const from = 4;
    const rows = lens.rows.map(({ layer, cells }) => ({ layer, cells: cells.slice(from) }));
    const slices = standaloneSlices({
      ...content,
      generation: { ...content.generation!, lens: { start: from, rows } },
    });
    const { runId } = run;
    const end = from + 3;
    expect(await slices.logitLens({ runId, start: from - 1, end, count: 5 })).toMatchObject({
      rows: [],
      missing: "this page carries it from token 4 on",
    });
    expect(await slices.logitLens({ runId, start: from, end, count: 2 })).toEqual(
      await engine.logitLens({ runId, start: from, end, count: 2 }),
    );
    const long = { ...run, tokens: Array.from({ length: 4096 }, () => run.tokens[0]!) };
    expect(lensPositions(run)).toBe(run.tokens.length);
    expect(lensPositions(long)).toBe(2000);
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
