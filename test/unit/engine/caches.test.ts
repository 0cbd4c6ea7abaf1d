import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine } from "../../../src/engine/engine";
import * as runtime from "../../../src/engine/runtime";
import { growingCaches } from "../../../src/engine/worker/caches";
import { fileModel } from "../../../src/model/folder";
import { nodeFiles } from "../../../src/node/files";
import type { InspectRequest, ModelSource } from "../../../src/protocol/engineContract";
import { writeGeneratedModel } from "../../support/generatedModel";
import { writeTwoFileModel } from "../../support/twoFileModel";
import { inlineEngine, modelSource } from "../../support/writtenRun";
import { fixtures } from "../node/built";

const sizes = { nLayers: 3, nHeads: 4, dHead: 8, context: 512, vocab: 100 };
const ids = Array.from({ length: 40 }, (_, i) => (i * 37 + (i % 7) * 11) % 100);
const COUNT = 24;

let folder: string;
let engine: Engine;
/** How many tokens each pass read, by the shape of its ids. */
let read: number[] = [];
/** What is wrong with the caches of the models that are opened. */
let fault: "refuses" | "forgets" | undefined;

beforeAll(async () => {
  const open = runtime.openSession;
  vi.spyOn(runtime, "openSession").mockImplementation(async (...how) => {
    const session = await open(...how);
    return {
      ...session,
      async run(feeds, fetches) {
        read.push(feeds.input_ids?.dims.at(-1) ?? 0);
        const hasPast = Object.entries(feeds).some(
          ([name, { dims }]) => name.startsWith("past") && !dims.includes(0),
        );
        if (fault === "refuses" && hasPast) throw new Error("Gather: index out of range");
        const outputs = await session.run(feeds, fetches);
        if (fault !== "forgets") return outputs;
        return outputs.map((output, at) =>
          fetches[at]!.startsWith("present")
            ? { ...output, data: new Float32Array((output.data as Float32Array).length) }
            : output,
        );
      },
    };
  });
  engine = inlineEngine();
  folder = await mkdtemp(path.join(tmpdir(), "headlight-caches-"));
  await writeGeneratedModel(path.join(folder, "plain"), sizes);
  await writeGeneratedModel(path.join(folder, "cached"), { ...sizes, hasCache: true });
  const bart = { model_type: "bart", decoder_start_token_id: 2, eos_token_id: 11 };
  await writeTwoFileModel(path.join(folder, "bart"), "text", bart);
  await writeTwoFileModel(path.join(folder, "bart-merged"), "text", bart, { merged: true });
});
afterAll(async () => {
  vi.restoreAllMocks();
  await engine.stop();
  await rm(folder, { recursive: true });
});

/** What a model writes, what each pass read, and the attention of one of its layers. */
async function written(name: string | ModelSource, request: Omit<InspectRequest, "model">) {
  const model = typeof name === "string" ? await modelSource(path.join(folder, name)) : name;
  read = [];
  const run = await engine.inspect({ model, ...request });
  const passes = read;
  const { kind, layers } = run.blocks.at(-1)!;
  const { layer } = layers.at(-1)!;
  const choice = { block: kind, layer, head: 1 };
  const { data } = await engine.matrix({ runId: run.runId, choice, measure: "weights" });
  const { start, count } = run.generated!;
  const tokens = (run.targetTokens ?? run.tokens).map(({ id }) => id);
  const end = start + count;
  const likely = await engine.tokenPredictions({ runId: run.runId, start, end, count: 1 });
  return { tokens, passes, weights: data, likely, runId: run.runId };
}

const rest = (count: number) => new Array<number>(count).fill(1);

describe("writing with a cache", () => {
  it("reads each token once, after one pass that says whether the cache can be trusted", async () => {
    const request = { ids, generate: { nTokens: COUNT } };
    const plain = await written("plain", request);
    const cached = await written("cached", request);
    expect(plain.passes).toEqual(Array.from({ length: COUNT + 1 }, (_, i) => 40 + i));
    expect(cached.passes).toEqual([40, 1, 41, ...rest(COUNT - 2), 40 + COUNT]);
    expect(cached.tokens).toEqual(plain.tokens);
    expect(cached.likely.map(({ rank }) => rank)).toEqual(rest(COUNT));
    // The attention that is shown is one pass over everything.
    cached.weights.forEach((weight, at) => expect(weight).toBeCloseTo(plain.weights[at]!, 5));
  });

  it.each(["refuses", "forgets"] as const)(
    "writes the same from a graph that %s what it was handed, without the cache",
    async (how) => {
      const request = { ids, generate: { nTokens: COUNT } };
      const { tokens } = await written("plain", request);
      fault = how;
      const faulty = await written("cached", request);
      fault = undefined;
      expect(faulty.tokens).toEqual(tokens);
      expect(faulty.passes).toEqual([40, 1, ...Array.from({ length: COUNT }, (_, i) => 41 + i)]);
    },
  );

  it("reads everything again for a few tokens, which costs less than to try", async () => {
    const { passes } = await written("cached", { ids, generate: { nTokens: 3 } });
    expect(passes).toEqual([40, 41, 42, 43]);
  });

  it("can be cancelled between two tokens", async () => {
    const controller = new AbortController();
    const stop = engine.onEvent({
      progress: ({ stage, fraction = 0 }) => {
        if (stage === "generate" && fraction >= 0.5) controller.abort();
      },
    });
    const model = await modelSource(path.join(folder, "cached"));
    const request = { model, ids, generate: { nTokens: 20 } };
    read = [];
    await expect(engine.inspect(request, { signal: controller.signal })).rejects.toMatchObject({
      code: "cancelled",
    });
    stop();
    expect(read).toEqual([40, 1, 41, ...rest(8)]);
  });

  it("goes on in the other branch of a merged decoder, with the encoder's keys of the first pass", async () => {
    const request = { ids: [3, 5, 7, 5, 2], generate: { nTokens: 10 } };
    const plain = await written("bart", request);
    const merged = await written("bart-merged", request);
    expect(merged.tokens).toEqual(plain.tokens);
    expect(merged.likely.map(({ rank }) => rank)).toEqual(rest(10));
    merged.weights.forEach((weight, at) => expect(weight).toBeCloseTo(plain.weights[at]!, 5));
    // The source; the start; then a token each, the second once more with all before it; at last everything.
    expect(merged.passes).toEqual([5, 1, 1, 2, ...rest(8), 5, 11]);
  });

  it.skipIf(!existsSync(path.join(fixtures, "models/tiny-random-gpt2/past.onnx")))(
    "of the runtime's own test model stacks keys and values in one tensor",
    async () => {
      const { source } = await fileModel(nodeFiles, path.join(fixtures, "models/tiny-random-gpt2/past.onnx"));
      const { passes, likely } = await written(source, { ids: [5, 9, 2, 7], generate: { nTokens: 8 } });
      expect(passes).toEqual([4, 1, 5, ...rest(6), 12]);
      expect(likely.map(({ rank }) => rank)).toEqual(rest(8));
    },
  );
});

describe("a graph's caches", () => {
  const key = { name: "past_key_values.0.key", type: "float32", dims: ["batch", 2, "past", 4] };
  const input = { name: "input_ids", type: "int64", dims: ["batch", "length"] };
  const present = { name: "present.0.key", dims: ["batch", 2, "all", 4] };

  it.each([
    ["grow", [input, key], [present], 1],
    ["are none without an output", [input, key], [], undefined],
    ["are none of a fixed size", [input, { ...key, dims: [1, 2, 64, 4] }], [present], undefined],
    [
      "are none where keys and values are no rows of heads",
      [input, { ...key, dims: [2, "past", 4] }],
      [present],
      undefined,
    ],
    ["are none where ids have a fixed length", [{ ...input, dims: [1, 16] }, key], [present], undefined],
    ["are none where there are none", [input], [present], undefined],
  ] as const)("%s", (_, inputs, outputs, count) => {
    expect(growingCaches({ inputs, outputs })?.length).toBe(count);
  });
});
