import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../../src/engine/engine";
import { createEngine } from "../../../src/engine/handle";
import { inlineStarter } from "../../../src/engine/inline";
import { createService } from "../../../src/engine/worker/service";
import { embeddedModels } from "../../../src/model/embedded";
import { fileModel, folderModel } from "../../../src/model/folder";
import { nodeFiles } from "../../../src/node/files";
import { nodePlatform } from "../../../src/node/platform";
import type { InspectRequest } from "../../../src/protocol/engineContract";
import { fixtures, hasFixtures, home, runtimeFolder } from "../node/built";

let engine: Engine;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "headlight-projection-"));
  const platform = nodePlatform(runtimeFolder);
  engine = createEngine(
    inlineStarter((emit) => createService(platform, emit)),
    { threads: 1, byteBudget: 1e9 },
  );
});
afterAll(() => rm(folder, { recursive: true }));

/** Every layer of every block of a run, each for its last query and its last head. */
async function everyLayer(request: InspectRequest) {
  const { runId, blocks } = await engine.inspect(request);
  const found = blocks.flatMap(({ kind, layers }) => layers.map((layer) => ({ block: kind, layer })));
  return Promise.all(
    found.map(async ({ block, layer }) => {
      const address = { block, layer: layer.layer, head: layer.nHeads - 1 };
      const query = layer.nQueries - 1;
      return { layer, slice: await engine.projection({ runId, address, query }) };
    }),
  );
}

const embedded = async (id: string) =>
  (await embeddedModels(nodeFiles, home.modelsFolder)).find(({ source }) => source.id === id)!.source;

const small = (name: string) => path.join(fixtures, "models", name);

describe.skipIf(!hasFixtures)("W_O and the residual stream of exported models", () => {
  it.each([
    ["bert-eager-ts-opset14", 2],
    ["bert-eager-dynamo-opset18", 2],
    ["distilbert-sdpa-dynamo-opset18", 2],
    ["gpt2-eager-ts-opset14", 2],
    ["gpt2-eager-dynamo-opset18", 2],
    ["llama-stories260K-eager-ts-opset17", 5],
    ["llama-stories260K-sdpa-dynamo-opset18", 5],
    ["qwen2-eager-ts-opset17", 2],
    ["qwen2-sdpa-dynamo-opset18", 2],
    ["t5-eager-ts-opset17", 6],
  ])(
    "of %s: what the heads add sums to what the model's own projection gives, in each layer",
    async (name, nLayers) => {
      const { source } = await folderModel(nodeFiles, small(name));
      const target = name.startsWith("t5") && { targetIds: [0, 4, 7] };
      const layers = await everyLayer({ model: source, ids: [1, 5, 9, 11, 30], ...target });
      expect(layers).toHaveLength(nLayers);
      for (const { layer, slice } of layers) {
        expect(layer.projection).toMatchObject({ around: [] });
        expect(slice.heads).toHaveLength(layer.nHeads);
        expect(slice.contributions.dims).toEqual([layer.nHeads, slice.sum.length]);
        expect(slice.checks.concat).toMatchObject({ largestDifference: 0, nDisagreeing: 0 });
        expect(slice.checks.output).toMatchObject({ nCompared: slice.sum.length });
        expect(slice.checks.output!.largestDifference).toBeLessThan(1e-5);
        expect(slice.checks.after!.largestDifference).toBeLessThan(1e-5);
      }
    },
  );

  it.each([
    ["model_fp16", 1e-5],
    ["model_q4", 1e-5],
    // Here the runtime rounds what enters W_O to 1/255 of its largest.
    ["model_quantized", 2e-2],
    ["model_quantized_allmatmul", 2e-2],
  ])("are taken apart in %s: W_O is dequantised by appended nodes", async (name, tolerance) => {
    const file = path.join(folder, `${name}.onnx`);
    await copyFile(path.join(small("llama-stories260K-eager-ts-opset17"), "onnx", `${name}.onnx`), file);
    const { source } = await fileModel(nodeFiles, file);
    const ids = [1, 403, 407, 261];
    const layers = await everyLayer({ model: source, ids });
    const whole = await folderModel(nodeFiles, small("llama-stories260K-eager-ts-opset17"));
    const exact = await everyLayer({ model: whole.source, ids });
    for (const [i, { slice }] of layers.entries()) {
      expect(slice.checks.output!.largestDifference).toBeLessThan(tolerance);
      // 4-bit weights change a head's contribution by some percent, not its size.
      slice.heads.forEach(({ norm }, head) =>
        expect(norm / exact[i]!.slice.heads[head]!.norm).toBeCloseTo(1, 0),
      );
    }
  });
});

interface Reference {
  readonly model: string;
  readonly ids: readonly number[];
  readonly query: number;
  readonly layers: readonly {
    readonly norms: readonly number[];
    readonly withSum: readonly number[];
    readonly withResidual: readonly number[];
    readonly firstOfEach: readonly (readonly number[])[];
    readonly before: readonly number[];
    readonly after: readonly number[];
  }[];
}

describe("what each head adds in embedded models", () => {
  it("is what a forward pass in NumPy gives with the other heads at 0", async () => {
    const file = path.join(__dirname, "../../golden/projection/projection.json");
    const cases = JSON.parse(await readFile(file, "utf8")) as Reference[];
    expect(cases).toHaveLength(4);
    for (const { model, ids, query, layers } of cases) {
      const source = await embedded(model);
      const { runId } = await engine.inspect({ model: source, ids });
      for (const [layer, expected] of layers.entries()) {
        const address = { block: "decoder", layer, head: 0 } as const;
        const slice = await engine.projection({ runId, address, query });
        const close = (actual: number, wanted: number) =>
          expect(Math.abs(actual - wanted), `${model} layer ${layer}`).toBeLessThan(
            2e-4 * Math.max(1, Math.abs(wanted)),
          );
        expected.norms.forEach((norm, head) => {
          close(slice.heads[head]!.norm, norm);
          close(slice.heads[head]!.withSum, expected.withSum[head]!);
          close(slice.heads[head]!.withResidual!, expected.withResidual[head]!);
          expected.firstOfEach[head]!.forEach((value, m) =>
            close(slice.contributions.data[head * slice.sum.length + m]!, value),
          );
        });
        expected.before.forEach((value, m) => close(slice.before![m]!, value));
        expected.after.forEach((value, m) => close(slice.after![m]!, value));
        const { queries, norms } = await engine.additions({ runId, block: "decoder", layer });
        expect([...queries]).toEqual(ids.map((_, i) => i));
        expected.norms.forEach((norm, head) => close(norms[query * expected.norms.length + head]!, norm));
      }
    }
  });

  it("is missing with a reason where the heads' outputs go elsewhere first", async () => {
    const source = await embedded("dates-scaled");
    const { runId, blocks } = await engine.inspect({ model: source, text: "1 May 2020", targetText: "2020" });
    const [{ kind, layers } = { kind: "cross" as const, layers: [] }] = blocks;
    expect(layers[0]!.projection!.missing).toContain("joined with something else");
    await expect(
      engine.projection({ runId, address: { block: kind, layer: 0, head: 0 }, query: 0 }),
    ).rejects.toMatchObject({ code: "not-captured" });
  });
});
