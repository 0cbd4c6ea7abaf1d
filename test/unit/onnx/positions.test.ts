import { describe, expect, it } from "vitest";
import { readFileSync } from "node:fs";
import { instrument } from "../../../src/onnx/instrument";
import { hasFixtures, readFixture, sourceOf } from "./fixtures";

const found = async (bytes: Uint8Array) => {
  const model = await instrument(sourceOf(bytes), { capture: ["weights"], backend: "wasm" });
  return { ...model.report.positions, table: model.positionTable?.dims, bias: model.bucketBias?.dims };
};
/** From each model's config.json. */
const expected: [string, object][] = [
  ["bert-eager-ts-opset14", { scheme: "learned" }],
  ["bert-eager-dynamo-opset18", { scheme: "learned" }],
  ["distilbert-sdpa-dynamo-opset18", { scheme: "learned" }],
  ["gpt2-eager-ts-opset14", { scheme: "learned" }],
  ["gpt2-eager-dynamo-opset18", { scheme: "learned" }],
  [
    "llama-stories260K-eager-ts-opset17",
    { scheme: "rope", parameters: { base: 10_000, dimensions: 8, pairs: "halves" } },
  ],
  [
    "llama-stories260K-sdpa-dynamo-opset18",
    { scheme: "rope", parameters: { base: 10_000, dimensions: 8, pairs: "halves" } },
  ],
  ["qwen2-eager-ts-opset17", { scheme: "rope", parameters: { pairs: "halves" } }],
  ["qwen2-sdpa-dynamo-opset18", { scheme: "rope", parameters: { pairs: "halves" } }],
  ["t5-eager-ts-opset17", { scheme: "relative-bias" }],
];

describe.skipIf(!hasFixtures)("how a graph marks positions", () => {
  it.each(expected)("%s", async (name, report) => {
    const config = JSON.parse(new TextDecoder().decode(readFixture(`models/${name}/config.json`))) as Record<
      string,
      number
    >;
    const positions = await found(readFixture(`models/${name}/onnx/model.onnx`));
    expect(positions).toMatchObject(report);
    if (positions.scheme === "learned") {
      expect(positions.parameters.length).toBe(config.max_position_embeddings ?? config.n_positions);
      expect(positions.table?.[1]).toBe(config.hidden_size ?? config.n_embd ?? config.dim);
    }
    if (positions.scheme === "rope" && config.rope_theta)
      expect(positions.parameters.base).toBe(config.rope_theta);
    if (positions.scheme === "relative-bias") {
      expect(positions.bias).toEqual([config.relative_attention_num_buckets, config.num_heads]);
    }
  });

  it("the base of a rotation is the same where its frequencies are stored as float16", async () => {
    const positions = await found(
      readFixture("models/llama-stories260K-eager-ts-opset17/onnx/model_fp16.onnx"),
    );
    expect(positions).toMatchObject({ scheme: "rope", parameters: { base: 10_000, dimensions: 8 } });
  });
});

describe.skipIf(!hasFixtures)("the buckets of T5", () => {
  it("are a table for the encoder, both ways, and one for the decoder, backwards only", async () => {
    const bytes = readFixture("models/t5-eager-ts-opset17/onnx/model.onnx");
    const { bucketTables = [] } = await instrument(sourceOf(bytes), { capture: [], backend: "wasm" });
    expect(bucketTables).toMatchObject([
      { block: "encoder", bidirectional: true },
      { block: "decoder", bidirectional: false },
    ]);
    const [encoder, decoder] = bucketTables.map(({ bias }) => bias!);
    expect(encoder!.dims).toEqual(decoder!.dims);
    expect(encoder!.data).not.toEqual(decoder!.data);
  });
});

describe("how an embedded model marks positions", () => {
  const embedded = (name: string) =>
    new Uint8Array(readFileSync(new URL(`../../../media/models/${name}/model.onnx`, import.meta.url)));
  it("is read from its graph as its card says", async () => {
    expect(await found(embedded("code-4x8"))).toMatchObject({
      scheme: "rope",
      parameters: { base: 10_000, dimensions: 32, pairs: "halves" },
    });
    expect(await found(embedded("letters-2x2"))).toMatchObject({
      scheme: expect.stringMatching(/learned|rope|sinusoidal/),
    });
  });
});
