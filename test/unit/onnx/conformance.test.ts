import { existsSync } from "node:fs";
import type * as ort from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { instrument } from "../../../src/onnx/instrument";
import { FIXTURES, foldersIn, readFixture, sourceOf } from "./fixtures";
import { headsIn, layersOf, openSession, softmaxError, valueError } from "./runtime";
import { readTensorFile } from "./tensorFile";

/** The conformance cases of ONNX for Attention, opset 23 and 24: expected outputs made by ONNX's own reference. */
const cases = foldersIn("onnx-attention");

describe("the Attention operator of ONNX", () => {
  it.each(cases)("%s: its weights times its values are the expected output", async (name) => {
    const folder = `onnx-attention/${name}`;
    const bytes = readFixture(`${folder}/model.onnx`);
    const plain = await openSession(bytes).catch((error: unknown) => String(error));
    if (typeof plain === "string") return expect(plain).toContain("not implemented");
    const model = await instrument(sourceOf(bytes), {
      capture: ["weights", "scores", "v", "output"],
      backend: "wasm",
    });
    const session = await openSession(model.bytes);
    const feeds: Record<string, ort.Tensor> = {};
    model.inputs.forEach((input, index) => {
      const path = `${folder}/test_data_set_0/input_${index}.pb`;
      if (existsSync(`${FIXTURES}/${path}`)) feeds[input.name] = readTensorFile(readFixture(path)).tensor;
    });
    const own = await plain.run(feeds).catch((error: unknown) => String(error));
    if (typeof own === "string") return expect(own).toContain("failed to call OrtRun");
    const results = await session.run(feeds);
    for (const output of plain.outputNames) expect(results[output]?.data).toEqual(own[output]?.data);
    const layers = [...layersOf(model).values()];
    expect(layers).toHaveLength(1);
    const layer = layers[0] ?? [];
    const weights = layer.find((one) => one.what === "weights");
    const tensor = weights && results[weights.name];
    if (!weights || !tensor) throw new Error("no weights");
    const nBatches = tensor.dims[0] ?? 1;
    expect(headsIn(tensor, weights, nBatches)).toBe(weights.nHeads);
    const isHalf = name.endsWith("fp16");
    expect(valueError(results, layer, nBatches)).toBeLessThan(isHalf ? 2e-3 : 1e-5);
    expect(softmaxError(results, layer, nBatches)).toBeLessThan(isHalf ? 2e-3 : 1e-5);
    await session.release();
    await plain.release();
  });
});
