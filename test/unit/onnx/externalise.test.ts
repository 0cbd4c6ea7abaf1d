import * as ort from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { instrument } from "../../../src/onnx/instrument";
import { externalisationProbe } from "../../../src/onnx/probe";
import { hasFixtures, readFixture, sourceOf } from "./fixtures";
import { feedsOf, openSession } from "./runtime";

/** Bytes that are read when a part is asked for; counts the parts. */
class LazyBytes extends Uint8Array<ArrayBuffer> {
  readonly parts: number[] = [];
  constructor(private readonly file: Uint8Array) {
    super(new ArrayBuffer(0));
  }
  override get byteLength(): number {
    return this.file.byteLength;
  }
  override subarray(begin = 0, end = this.byteLength): Uint8Array<ArrayBuffer> {
    this.parts.push(end - begin);
    return this.file.slice(begin, end) as Uint8Array<ArrayBuffer>;
  }
}

function openWith(bytes: Uint8Array, path: string, data: Uint8Array): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(bytes, { executionProviders: ["wasm"], externalData: [{ path, data }] });
}

describe("weights left in the file", () => {
  it("are fetched by the runtime part by part", async () => {
    const probe = externalisationProbe();
    const bytes = new LazyBytes(probe.file);
    const session = await openWith(probe.bytes, probe.path, bytes);
    const feeds = {
      [probe.input.name]: new ort.Tensor("float32", Float32Array.from(probe.input.numbers), [4]),
    };
    const results = await session.run(feeds);
    expect([...(results[probe.output.name]?.data as Float32Array)]).toEqual(probe.output.numbers);
    expect(new Set(bytes.parts)).toEqual(new Set([16]));
  });

  it.runIf(hasFixtures)("give the same output to the last bit, and are not in the bytes", async () => {
    const file = readFixture("models/gpt2-eager-ts-opset14/onnx/model.onnx");
    const source = sourceOf(file);
    const model = await instrument(source, { capture: ["weights"], backend: "wasm", externalise: true });
    expect(model.bytes.byteLength).toBeLessThan(file.byteLength * 0.75);
    const [weights] = model.externalData;
    expect(weights).toMatchObject({ reference: "", byteLength: file.byteLength });
    const bytes = new LazyBytes(file);
    const session = await openWith(model.bytes, weights?.path ?? "", bytes);
    const plain = await openSession(file);
    const ids = { input_ids: [[5, 6, 7, 8, 9]], attention_mask: [[1, 1, 1, 1, 1]] };
    const [lazily, plainly] = [await session.run(feedsOf(model, ids)), await plain.run(feedsOf(model, ids))];
    expect(lazily["logits"]?.data).toEqual(plainly["logits"]?.data);
    expect(bytes.parts.length).toBeGreaterThan(0);
    expect(Math.max(...bytes.parts)).toBeLessThan(file.byteLength / 2);
  });
});
