import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BlockKind, RunSummary } from "../../../src/core/run";
import type { Verification } from "../../../src/core/verification";
import type { Engine } from "../../../src/engine/engine";
import type { InspectRequest, ModelSource } from "../../../src/protocol/engineContract";
import { writeTwoFileModel } from "../../support/twoFileModel";
import { inlineEngine, modelSource } from "../../support/writtenRun";
import { headlightHere } from "../node/built";

/** What NumPy decodes from the same weights: test/golden/generation/make_two_files.py. */
interface Decoded {
  readonly target: number[];
  readonly steps: readonly { readonly id: number; readonly probability: number }[];
  /** [heads][queries][keys] of the one layer. */
  readonly weights: Readonly<Record<BlockKind, number[][][]>>;
}
const golden = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, "../../golden/generation/two_files.json"), "utf8"),
) as {
  readonly source: number[];
  readonly text: Decoded;
  readonly sound: Decoded & { features: number[][] };
};

const bart = { model_type: "bart", decoder_start_token_id: 2, forced_bos_token_id: 0, eos_token_id: 11 };
const whisper = {
  model_type: "whisper",
  decoder_start_token_id: 2,
  forced_decoder_ids: [
    [1, 9],
    [2, 4],
  ],
  eos_token_id: 11,
  max_target_positions: 12,
};

let folder: string;
let engine: Engine;
beforeAll(async () => {
  engine = inlineEngine();
  folder = await mkdtemp(path.join(tmpdir(), "headlight-two-"));
  await writeTwoFileModel(path.join(folder, "bart"), "text", bart);
  await writeTwoFileModel(path.join(folder, "bart-merged"), "text", bart, { merged: true });
  await writeTwoFileModel(path.join(folder, "whisper"), "sound", whisper);
});
afterAll(async () => {
  await engine.stop();
  await rm(folder, { recursive: true });
});

const features: InspectRequest["inputs"] = {
  input_features: { dims: [1, 3, 9], type: "float32", data: Float32Array.from(golden.sound.features.flat()) },
};
const cases = [
  ["bart", golden.text, { ids: golden.source }],
  ["bart-merged", golden.text, { ids: golden.source }],
  ["whisper", golden.sound, { inputs: features }],
] as const;

describe.each(cases)("%s, an encoder and a decoder in two files", (name, expected, given) => {
  const model = (): Promise<ModelSource> => modelSource(path.join(folder, name));
  const nPrompt = expected.target.length - expected.steps.length;

  it("writes behind its prompt what NumPy writes, with its probabilities", async () => {
    const run = await engine.inspect({ model: await model(), ...given, generate: { nTokens: 6 } });
    expect(run.targetTokens!.map(({ id }) => id)).toEqual(expected.target);
    expect(run.generated).toMatchObject({ side: "target", start: nPrompt, count: 6, end: "length" });
    const { runId } = run;
    const end = expected.target.length;
    const found = await engine.tokenPredictions({ runId, start: nPrompt, end, count: 1 });
    found.forEach(({ probability, rank }, step) => {
      expect(probability).toBeCloseTo(expected.steps[step]!.probability, 5);
      expect(rank).toBe(1);
    });
  });

  it("attends as NumPy does in all three blocks, whether the target was written or given", async () => {
    const source = await model();
    for (const how of [{ generate: { nTokens: 6 } }, { targetIds: expected.target }]) {
      const { runId } = await engine.inspect({ model: source, ...given, ...how });
      for (const [block, heads] of Object.entries(expected.weights)) {
        for (const [head, rows] of heads.entries()) {
          const choice = { block: block as BlockKind, layer: 0, head };
          const { data } = await engine.matrix({ runId, choice, measure: "weights" });
          expect(data).toHaveLength(rows.flat().length);
          rows.flat().forEach((weight, at) => expect(data[at]).toBeCloseTo(weight, 5));
        }
      }
    }
  });

  it("begins with its prompt where no target is given", async () => {
    const { targetTokens } = await engine.inspect({ model: await model(), ...given });
    expect(targetTokens!.map(({ id }) => id)).toEqual(expected.target.slice(0, nPrompt));
    expect(targetTokens!.every(({ special }) => special)).toBe(true);
  });
});

describe("a model that hears", () => {
  it("writes no more than its decoder has places for, whatever its encoder reads", async () => {
    const request = { model: await modelSource(path.join(folder, "whisper")), inputs: features };
    const { generated } = await engine.inspect({ ...request, generate: { nTokens: 9 } });
    expect(generated!.count).toBe(9);
    await expect(engine.inspect({ ...request, generate: { nTokens: 10 } })).rejects.toMatchObject({
      code: "continuation-too-long",
    });
    const all = await engine.inspect({ ...request, generate: {} });
    expect(all.generated!.count).toBe(9);
  });

  it("says which input it lacks where it is given a text", async () => {
    const model = await modelSource(path.join(folder, "whisper"));
    await expect(engine.inspect({ model, text: "a b", generate: {} })).rejects.toMatchObject({
      code: "input-not-given",
    });
  });
});

describe("the command line on two files", () => {
  const on = (...args: string[]) => ["--model", path.join(folder, "bart"), "--ids", "3,5,7,5,2", ...args];

  it("goes on greedily, and says what it wrote", async () => {
    const { code, stdout, stderr } = await headlightHere("inspect", ...on("--generate", "6", "--json"));
    expect([code, stderr]).toEqual([0, ""]);
    const run = JSON.parse(stdout) as RunSummary;
    expect(run.targetTokens!.map(({ id }) => id)).toEqual(golden.text.target);
    const shapes = run.blocks.map(({ kind, layers }) => [kind, layers[0]!.nQueries, layers[0]!.nKeys]);
    expect(shapes).toEqual([
      ["encoder", 5, 5],
      ["decoder", 8, 8],
      ["cross", 8, 5],
    ]);
  });

  it("gives weights that follow from their q and k", async () => {
    const { stdout } = await headlightHere("verify", ...on("--target-ids", "2,0,6", "--json"));
    const { verdict, layers } = JSON.parse(stdout) as Verification & { verdict: string };
    expect(verdict).toBe("agrees");
    expect(layers.map(({ block, nRows }) => [block, nRows])).toEqual([
      ["encoder", 10],
      ["decoder", 6],
      ["cross", 6],
    ]);
  });
});
